-- How many emails of a campaign began through an account whose limits name a campaign's. Here, because no restore may give it back; kept
-- only for such accounts, from the first time that anybody asks.
CREATE TABLE campaign_begins (
  account TEXT NOT NULL,
  campaign BLOB NOT NULL,
  begun INTEGER NOT NULL,
  PRIMARY KEY (account, campaign)
) WITHOUT ROWID;
