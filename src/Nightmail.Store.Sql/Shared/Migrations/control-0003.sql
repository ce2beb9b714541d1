-- What an administrator changed of the server's settings: one word a subject, its value as JSON.
CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  version BIGINT NOT NULL
);

-- The Idempotency-Keys of requests that make something. A row is written before the work begins, with the id that the work will use:
-- after a crash the same request goes on with the same id, and makes nothing twice.
CREATE TABLE request_key (
  name TEXT PRIMARY KEY,
  request_hash BLOB NOT NULL,
  id TEXT NOT NULL,
  at BIGINT NOT NULL,
  -- The answer, once there is one.
  status BIGINT,
  location TEXT,
  content_type TEXT,
  body BLOB
);
CREATE INDEX request_key_by_age ON request_key (at);
