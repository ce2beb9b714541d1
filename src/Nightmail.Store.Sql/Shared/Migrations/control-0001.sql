-- The control plane, in SQL that SQLite and PostgreSQL both speak. Instants are in units of 100 ns since 1970.
CREATE TABLE account (
  name TEXT PRIMARY KEY,
  place BIGINT NOT NULL,
  settings TEXT NOT NULL,
  secret BLOB,
  version BIGINT NOT NULL
);

CREATE TABLE template (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  -- The name in one letter case, null once the template is taken out of the list: then another may have it.
  taken_name TEXT UNIQUE,
  newest BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE template_version (
  template TEXT NOT NULL,
  version BIGINT NOT NULL,
  subject TEXT NOT NULL,
  html TEXT,
  text TEXT,
  saved_at BIGINT NOT NULL,
  PRIMARY KEY (template, version)
);

CREATE TABLE campaign (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  subject TEXT,
  template TEXT,
  template_version BIGINT,
  html TEXT,
  text TEXT,
  account TEXT,
  cc TEXT NOT NULL,
  bcc TEXT NOT NULL,
  scheduled_for BIGINT,
  wish_local TEXT,
  wish_zone TEXT,
  wish_rules TEXT,
  stance BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  started_at BIGINT,
  completed_at BIGINT,
  version BIGINT NOT NULL
);

CREATE TABLE suppression (
  target TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  since BIGINT NOT NULL
);

CREATE TABLE api_key (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  hash BLOB NOT NULL,
  scopes BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE send_log (
  number INTEGER PRIMARY KEY,
  at BIGINT NOT NULL,
  email TEXT NOT NULL,
  campaign TEXT,
  attempt BIGINT NOT NULL,
  account TEXT NOT NULL,
  recipient TEXT NOT NULL,
  outcome BIGINT NOT NULL,
  words TEXT,
  code BIGINT,
  enhanced TEXT,
  took BIGINT NOT NULL
);

CREATE INDEX send_log_email ON send_log (email, number);
CREATE INDEX send_log_campaign ON send_log (campaign, number) WHERE campaign IS NOT NULL;
