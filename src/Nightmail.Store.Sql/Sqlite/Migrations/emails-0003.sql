-- The ledger's last line when rows were last written, and a fingerprint of it: an older copy of the ledger that has grown since is long
-- enough, but its lines are others. NULL: nobody has noted it yet.
ALTER TABLE store ADD COLUMN seen INTEGER;
ALTER TABLE store ADD COLUMN print INTEGER;
-- Rows may know of sequences that their ledger has lost. Up to here none is given again.
ALTER TABLE store ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;
UPDATE store SET floor = position;
