-- How long a new customer took to come back.
ALTER TABLE customer_current
    ADD COLUMN IF NOT EXISTS days_to_second_purchase Nullable(UInt32) COMMENT 'days from the first to the second purchase day; undefined before it, and from a third one on that is older than the days that are remembered';
