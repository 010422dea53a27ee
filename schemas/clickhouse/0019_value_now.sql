-- What customers brought in margin, as far as their orders say it.
ALTER TABLE customer_current
    ADD COLUMN IF NOT EXISTS value_now Nullable(Decimal(18, 4)) COMMENT 'net margin of the last 365 business days: as orders give it, else a ratio of their net';
