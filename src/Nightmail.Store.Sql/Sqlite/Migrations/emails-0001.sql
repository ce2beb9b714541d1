-- What this database knows of the ledger beside it: which one, and up to where its entries are taken in here.
CREATE TABLE store (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  ledger BLOB NOT NULL,
  position INTEGER NOT NULL
);

-- Emails that go the same way: of one campaign or of none, the account they name, the From they carry. A claim looks into each lane by
-- itself, so that a lane that cannot send holds no other up and is not even looked at. Emails that an account has failed stand apart:
-- which account takes them, and when, is a matter of each.
CREATE TABLE lane (
  lane INTEGER PRIMARY KEY,
  campaign BLOB,
  account TEXT,
  sender TEXT,
  failed INTEGER NOT NULL
);

-- How far an email is. What it says lies apart, because it is large and hardly ever changes.
-- Instants are in units of 100 ns since 1970.
CREATE TABLE email (
  number INTEGER PRIMARY KEY,
  id NOT NULL UNIQUE,
  status INTEGER NOT NULL,
  lane INTEGER NOT NULL,
  due INTEGER NOT NULL,
  not_after INTEGER,
  scheduled_for INTEGER NOT NULL,
  next_attempt INTEGER,
  created_at INTEGER NOT NULL,
  last_modified INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  ledger_last INTEGER NOT NULL,
  reason INTEGER,
  claimed_by TEXT,
  last_account TEXT,
  last_attempt INTEGER,
  lost_claims INTEGER NOT NULL,
  deferrals INTEGER NOT NULL,
  account_failures INTEGER NOT NULL,
  failed_accounts TEXT,
  retried_at INTEGER,
  sent_at INTEGER,
  sent_reply TEXT,
  last_error TEXT,
  date INTEGER,
  frozen_from TEXT,
  message_id TEXT,
  created_by TEXT,
  idempotency_key TEXT,
  request_hash TEXT,
  campaign BLOB,
  variables TEXT,
  wish TEXT,
  wish_rules TEXT,
  recipients TEXT
);

-- Only what lives is indexed, so that looking for what is due costs the same however much has been sent.
CREATE INDEX email_due ON email (lane, due) WHERE status = 0;
CREATE INDEX email_expiring ON email (not_after) WHERE status = 0 AND not_after IS NOT NULL;
CREATE INDEX email_sending ON email (status) WHERE status = 1;
CREATE INDEX email_in_doubt ON email (status) WHERE status = 6;

-- What waits by a wish, by the version of the rules that resolved it.
CREATE INDEX email_wish ON email (wish_rules) WHERE status IN (0, 2) AND wish_rules IS NOT NULL;

-- What is over, by age, for cleaning up.
CREATE INDEX email_final ON email (last_modified) WHERE status IN (3, 4, 5);
CREATE INDEX email_of_campaign ON email (campaign, number) WHERE campaign IS NOT NULL;

CREATE TABLE content (
  number INTEGER PRIMARY KEY,
  text TEXT,
  html TEXT,
  head TEXT NOT NULL
);

-- Which emails need which files.
CREATE TABLE attachment (
  sha256 TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (sha256, number)
) WITHOUT ROWID;
CREATE INDEX attachment_of_email ON attachment (number);

-- How many rows of a lane have a status, and how many had it when they were taken out. Kept exact in the transaction that changes a row.
CREATE TABLE tally (
  lane INTEGER NOT NULL,
  status INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  pruned INTEGER NOT NULL,
  PRIMARY KEY (lane, status)
) WITHOUT ROWID;

-- The keys of calls, in the transaction that keeps the email. A copy lies beside the ledger, where no restore reaches it.
CREATE TABLE idempotency (
  number INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  request_hash TEXT NOT NULL,
  email NOT NULL,
  at INTEGER NOT NULL
);
CREATE INDEX idempotency_by_age ON idempotency (at);
