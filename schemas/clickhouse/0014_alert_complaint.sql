-- The complaint that an alert is about.
ALTER TABLE alert_event
    ADD COLUMN IF NOT EXISTS complaint_id String COMMENT 'the complaint that the alert is about; empty where about none',
    ADD COLUMN IF NOT EXISTS complaint_time LowCardinality(String) COMMENT 'the time that the complaint has broken: first_response, resolution; empty otherwise',
    ADD COLUMN IF NOT EXISTS complaint_category LowCardinality(String) COMMENT 'category of the complaint; empty otherwise',
    ADD COLUMN IF NOT EXISTS complaint_severity UInt32 COMMENT 'severity of the complaint, 1 to 5; 0 where none was told',
    ADD COLUMN IF NOT EXISTS complaint_order_id String COMMENT 'the order that the complaint is about; empty where not told',
    ADD COLUMN IF NOT EXISTS complaint_opened_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when the complaint was made',
    ADD COLUMN IF NOT EXISTS complaint_due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when the time was over that it has broken';
