-- Whether and from when a campaign's emails are sent. Here, because no restore may open what a person has closed.
CREATE TABLE gate (
  campaign BLOB PRIMARY KEY,
  stance INTEGER NOT NULL,
  opens INTEGER NOT NULL
) WITHOUT ROWID;
