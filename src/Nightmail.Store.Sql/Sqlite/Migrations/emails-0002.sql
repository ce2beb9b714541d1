-- Each address once in a campaign, letter case aside.
CREATE TABLE campaign_address (
  campaign BLOB NOT NULL,
  address TEXT NOT NULL,
  PRIMARY KEY (campaign, address)
) WITHOUT ROWID;
