-- Which worker made an attempt; null in rows from before this was kept.
ALTER TABLE send_log ADD COLUMN worker TEXT;
