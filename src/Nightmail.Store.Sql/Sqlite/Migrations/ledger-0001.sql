-- What no restore may touch: which ledger this is, the pause, how many workers there ever were, how many keys are copied;
-- further down the accounts' circuits.
CREATE TABLE ledger (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  identity BLOB NOT NULL,
  paused INTEGER NOT NULL,
  workers INTEGER NOT NULL,
  keys_copied INTEGER NOT NULL
);

-- Only ever appended to. "step" is the transaction within the attempt.
CREATE TABLE entry (
  sequence INTEGER PRIMARY KEY,
  email NOT NULL,
  kind INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  worker TEXT,
  account TEXT,
  detail TEXT
);

-- Finds an email's entries, and lets each of its transactions begin only once.
CREATE UNIQUE INDEX entry_once ON entry (email, attempt, step, kind, iif(kind = 0, 0, sequence));

CREATE TABLE circuit (
  account TEXT PRIMARY KEY,
  state TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE idempotency (
  key TEXT PRIMARY KEY,
  request_hash TEXT NOT NULL,
  email NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (at);
