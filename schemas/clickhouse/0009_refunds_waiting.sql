-- A refund whose order is not known is deducted from nothing. Here it can be
-- seen, for each customer and in all.
ALTER TABLE customer_current
    ADD COLUMN IF NOT EXISTS refunds_waiting_net Decimal(18, 4) COMMENT 'refunds and adjustments whose order is not known, deducted from no other amount' AFTER monetary_net_life,
    COMMENT COLUMN oldest_open_complaint_days 'business days since the oldest open complaint was made, at as_of',
    COMMENT COLUMN approximate '1 where something may be missing: older than what is remembered, or beyond what a number here can hold';
CREATE OR REPLACE VIEW v_counting_quality (
    currency LowCardinality(String) COMMENT 'currency of the amounts',
    customers UInt64 COMMENT 'customers',
    approximate_customers UInt64 COMMENT 'of them, those whose numbers may lack something (column approximate)',
    refunds_waiting_customers UInt64 COMMENT 'of them, those with refunds whose order is not known',
    refunds_waiting_net Decimal(38, 4) COMMENT 'refunds and adjustments whose order is not known, deducted from no other amount',
    monetary_net_life Decimal(38, 4) COMMENT 'net revenue ever of all customers, before those refunds'
)
AS
SELECT
    currency,
    count() AS customers,
    countIf(c.approximate = 1) AS approximate_customers,
    countIf(c.refunds_waiting_net != 0) AS refunds_waiting_customers,
    sum(c.refunds_waiting_net) AS refunds_waiting_net,
    sum(c.monetary_net_life) AS monetary_net_life
FROM customer_current AS c FINAL
WHERE c.is_deleted = 0
GROUP BY currency
COMMENT 'what is known of how exact the counts are: approximate customers, and refunds that wait for their order';
