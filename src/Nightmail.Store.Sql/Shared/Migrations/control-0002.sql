-- What is done again and again, once a slot: who does it holds a lease under a term. No restore brings old slots back.
CREATE TABLE scheduled_work (
  name TEXT PRIMARY KEY,
  cron TEXT NOT NULL,
  zone TEXT NOT NULL,
  missed BIGINT NOT NULL,
  keep BIGINT,
  since BIGINT NOT NULL,
  last_slot BIGINT,
  next_slot BIGINT,
  running_slot BIGINT,
  owner TEXT,
  lease_until BIGINT,
  term BIGINT NOT NULL,
  started_at BIGINT,
  finished_at BIGINT,
  failed BIGINT NOT NULL,
  result TEXT,
  version BIGINT NOT NULL
);
