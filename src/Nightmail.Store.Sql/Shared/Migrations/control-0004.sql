-- 1 from before the first recipient of an import is kept until after the last: a campaign is not sent to a part of its list.
ALTER TABLE campaign ADD COLUMN importing BIGINT NOT NULL DEFAULT 0;
