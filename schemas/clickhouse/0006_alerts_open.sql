-- Open = the latest transition is neither resolved nor expired. Suppressed
-- alerts are in it, with their reason: they are recorded, not delivered.
-- Alerts of the loyalty family are notices that nothing closes; they are not.
CREATE OR REPLACE VIEW v_alerts_open (
    alert_id String COMMENT 'identity of the alert',
    alert_seq UInt32 COMMENT 'number of the latest transition within the alert',
    dedup_key String COMMENT '<kind>/<alert_id>',
    family LowCardinality(String) COMMENT 'churn, segment',
    kind LowCardinality(String) COMMENT 'what the alert is about',
    action LowCardinality(String) COMMENT 'latest transition: raised, escalated, updated',
    customer_id String COMMENT 'the customer''s id',
    segment LowCardinality(String) COMMENT 'the customer''s segment',
    level LowCardinality(String) COMMENT 'level with the latest transition',
    previous_level LowCardinality(String) COMMENT 'level before it',
    score Nullable(Float64) COMMENT 'churn_risk, 0 to 1',
    p_alive Nullable(Float64) COMMENT 'probability of being still a customer, at as_of',
    reason_codes Array(LowCardinality(String)) COMMENT 'up to three reasons, strongest first',
    reason_texts Array(String) COMMENT 'the reasons in words',
    at_stake Nullable(Decimal(18, 4)) COMMENT 'value_at_risk in currency',
    currency LowCardinality(String) COMMENT 'currency of at_stake',
    arm LowCardinality(String) COMMENT 'treat or holdout',
    suppressed_reason LowCardinality(String) COMMENT 'why it is recorded and not delivered; empty otherwise',
    raised_at DateTime64(3, 'UTC') COMMENT 'when the alert was raised',
    as_of DateTime64(3, 'UTC') COMMENT 'the moment of the latest transition',
    computed_at DateTime64(3, 'UTC') COMMENT 'wall time at which it was computed',
    param_version LowCardinality(String) COMMENT 'version of the parameters, joins model_params'
)
AS
SELECT
    alert_id, alert_seq, dedup_key, family, kind, action, customer_id, segment, level, previous_level, score, p_alive,
    reason_codes, reason_texts, at_stake, currency, arm, suppressed_reason, raised_at, as_of, computed_at, param_version
FROM
(
    SELECT *
    FROM alert_event FINAL
    WHERE family != 'loyalty'
    ORDER BY alert_id, alert_seq DESC
    LIMIT 1 BY alert_id
)
WHERE action NOT IN ('resolved', 'expired')
COMMENT 'alerts that are neither resolved nor expired, each with its latest transition';
