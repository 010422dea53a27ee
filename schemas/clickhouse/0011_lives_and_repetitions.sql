-- The append-only tables without the repetitions that they hold until parts are
-- merged. Where a state was begun anew, the rows of the older life stay, told
-- apart by epoch; a transition that both lives know is the newer one's.
CREATE OR REPLACE VIEW v_alert_event (
    alert_id String COMMENT 'identity of the alert, from customer, kind and episode',
    alert_seq UInt32 COMMENT '1, 2, ... within the alert',
    dedup_key String COMMENT '<kind>/<alert_id>',
    family LowCardinality(String) COMMENT 'churn, loyalty, segment',
    kind LowCardinality(String) COMMENT 'what the alert is about',
    action LowCardinality(String) COMMENT 'raised, escalated, updated, resolved, expired',
    customer_id String COMMENT 'the customer''s id',
    segment LowCardinality(String) COMMENT 'the customer''s segment',
    level LowCardinality(String) COMMENT 'level with this transition',
    previous_level LowCardinality(String) COMMENT 'level before it',
    score Nullable(Float64) COMMENT 'churn_risk, 0 to 1',
    p_alive Nullable(Float64) COMMENT 'probability of being still a customer',
    reason_codes Array(LowCardinality(String)) COMMENT 'up to three reasons, strongest first',
    reason_texts Array(String) COMMENT 'the reasons in words, made from their figures',
    at_stake Nullable(Decimal(18, 4)) COMMENT 'value_at_risk in currency',
    currency LowCardinality(String) COMMENT 'currency of at_stake',
    arm LowCardinality(String) COMMENT 'treat or holdout',
    suppressed_reason LowCardinality(String) COMMENT 'why it is recorded and not delivered; empty otherwise',
    resolve_reason LowCardinality(String) COMMENT 'why it was resolved; empty otherwise',
    raised_at DateTime64(3, 'UTC') COMMENT 'when the alert was raised',
    as_of DateTime64(3, 'UTC') COMMENT 'the moment of the transition',
    computed_at DateTime64(3, 'UTC') COMMENT 'wall time at which it was computed',
    param_version LowCardinality(String) COMMENT 'version of the parameters, joins model_params',
    src_partition UInt16 COMMENT 'the shard',
    seq UInt64 COMMENT 'epoch << 36 | dense number within the shard',
    epoch UInt64 COMMENT 'life of the shard''s state: rises when it is begun anew'
)
AS
SELECT
    alert_id, alert_seq, dedup_key, family, kind, action, customer_id, segment, level, previous_level, score,
    p_alive, reason_codes, reason_texts, at_stake, currency, arm, suppressed_reason, resolve_reason, raised_at,
    as_of, computed_at, param_version, src_partition, seq, bitShiftRight(seq, 36) AS epoch
FROM alert_event FINAL
COMMENT 'every transition of every alert, once; suppressed ones included';
CREATE OR REPLACE VIEW v_score_history (
    customer_id String COMMENT 'the customer''s id',
    first_purchase_day Nullable(Date32) COMMENT 'first purchase day',
    last_purchase_day Nullable(Date32) COMMENT 'latest purchase day',
    frequency_repeat UInt32 COMMENT 'x: repeat purchase days (the first excluded)',
    first_activity_day Nullable(Date32) COMMENT 'first day with a purchase or an acting visit',
    last_activity_day Nullable(Date32) COMMENT 'latest day with a purchase or an acting visit',
    activity_x UInt32 COMMENT 'repeat activity days (the first excluded)',
    p_alive Nullable(Float64) COMMENT 'probability of being still a customer, at as_of; drives levels',
    p_return_90d Nullable(Float64) COMMENT 'probability of a purchase day in the next 90 days; the calibrated number',
    value_at_risk Nullable(Decimal(18, 4)) COMMENT '(1 - p_alive) times clv_365d if alive; orders the queue',
    churn_risk Nullable(Float64) COMMENT 'risk score with all evidence, 0 to 1',
    level LowCardinality(String) COMMENT 'none, watch, at_risk, critical, lost',
    lifecycle_state LowCardinality(String) COMMENT 'prospect, new, active, watch, at_risk, critical, lost, reactivated, closed',
    reason_codes Array(LowCardinality(String)) COMMENT 'up to three reasons, strongest first',
    param_version LowCardinality(String) COMMENT 'version of the parameters, joins model_params',
    as_of DateTime64(3, 'UTC') COMMENT 'the moment that the row describes: the later of the clock and what made the row',
    computed_at DateTime64(3, 'UTC') COMMENT 'wall time at which the row was computed',
    src_partition UInt16 COMMENT 'the shard',
    seq UInt64 COMMENT 'epoch << 36 | dense number within the shard; the row''s version',
    epoch UInt64 COMMENT 'life of the shard''s state: rises when it is begun anew'
)
AS
SELECT
    customer_id, first_purchase_day, last_purchase_day, frequency_repeat, first_activity_day, last_activity_day,
    activity_x, p_alive, p_return_90d, value_at_risk, churn_risk, level, lifecycle_state, reason_codes,
    param_version, as_of, computed_at, src_partition, seq, bitShiftRight(seq, 36) AS epoch
FROM score_history FINAL
COMMENT 'every row that was made of a customer, once; of the last 400 days';
-- The epoch lies 36 bits above the row number. A life is over when a newer one of
-- its shard has begun, and then its numbers end anywhere.
CREATE OR REPLACE VIEW v_audit_seq (
    src_partition UInt16 COMMENT 'the shard',
    epoch UInt64 COMMENT 'life of the shard''s state: rises when it is begun anew',
    row_count UInt64 COMMENT 'rows, repetitions of one key counted once',
    numbers UInt64 COMMENT 'distinct row numbers',
    first_number UInt64 COMMENT 'least row number; above 1 where the tables were emptied, or the time to live has taken rows',
    last_number UInt64 COMMENT 'greatest row number',
    missing UInt64 COMMENT 'numbers between the first and the last that no row has; must be 0 in the newest life',
    repeated UInt64 COMMENT 'rows beyond one per number; must be 0'
)
AS
SELECT
    src_partition,
    bitShiftRight(seq, 36) AS epoch,
    count() AS row_count,
    uniqExact(number) AS numbers,
    min(number) AS first_number,
    max(number) AS last_number,
    last_number - first_number + 1 - numbers AS missing,
    row_count - numbers AS repeated
FROM
(
    SELECT src_partition, seq, bitAnd(seq, 0xFFFFFFFFF) AS number FROM score_history FINAL
    UNION ALL
    SELECT src_partition, seq, bitAnd(seq, 0xFFFFFFFFF) AS number FROM alert_event FINAL
    UNION ALL
    SELECT src_partition, seq, bitAnd(seq, 0xFFFFFFFFF) AS number FROM model_params FINAL
)
GROUP BY src_partition, epoch
COMMENT 'row numbers of each shard and life over the append-only tables: no hole, no double';
-- Open = the latest transition is neither resolved nor expired, and the state
-- that raised it is still the one that counts its customer: what a life has left
-- open, the next one raises again or does not. The latest transition is the one
-- of the greatest seq: a newer life may have fewer of an alert.
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
    a.alert_id AS alert_id, alert_seq, dedup_key, family, kind, action, a.customer_id AS customer_id, segment, level,
    previous_level, score, p_alive, reason_codes, reason_texts, at_stake, currency, arm, suppressed_reason, raised_at,
    as_of, computed_at, param_version
FROM
(
    SELECT *
    FROM alert_event FINAL
    WHERE family != 'loyalty'
    ORDER BY alert_id, seq DESC
    LIMIT 1 BY alert_id
) AS a
LEFT JOIN
(
    SELECT customer_id, bitShiftRight(max(seq), 36) AS epoch
    FROM customer_current
    WHERE customer_id IN (SELECT customer_id FROM alert_event WHERE family != 'loyalty')
    GROUP BY customer_id
) AS c ON c.customer_id = a.customer_id
WHERE action NOT IN ('resolved', 'expired') AND bitShiftRight(a.seq, 36) >= c.epoch
COMMENT 'alerts that are neither resolved nor expired, each with its latest transition';
-- How old what one sees is. A row per table that has rows; a shard's newest life
-- says how far it is.
CREATE OR REPLACE VIEW v_data_freshness (
    table_name String COMMENT 'the table',
    event_time DateTime64(3, 'UTC') COMMENT 'the latest moment that a row describes',
    watermark Nullable(DateTime64(3, 'UTC')) COMMENT 'clock of the slowest shard: silence has been judged up to there, for every customer; customer_current only',
    computed_at DateTime64(3, 'UTC') COMMENT 'wall time at which the newest row was computed',
    lag_seconds Float64 COMMENT 'seconds since computed_at'
)
AS
SELECT
    table_name,
    max(latest_as_of) AS event_time,
    min(latest_watermark) AS watermark,
    max(latest_computed_at) AS computed_at,
    toFloat64(dateDiff('millisecond', computed_at, now64(3))) / 1000 AS lag_seconds
FROM
(
    SELECT 'customer_current' AS table_name, src_partition, max((bitShiftRight(seq, 36), as_of)).2 AS latest_as_of,
        toNullable(max((bitShiftRight(seq, 36), watermark)).2) AS latest_watermark, max((bitShiftRight(seq, 36), computed_at)).2 AS latest_computed_at
    FROM customer_current GROUP BY src_partition
    UNION ALL
    SELECT 'score_history', src_partition, max((bitShiftRight(seq, 36), as_of)).2, NULL, max((bitShiftRight(seq, 36), computed_at)).2
    FROM score_history GROUP BY src_partition
    UNION ALL
    SELECT 'alert_event', src_partition, max((bitShiftRight(seq, 36), as_of)).2, NULL, max((bitShiftRight(seq, 36), computed_at)).2
    FROM alert_event GROUP BY src_partition
    UNION ALL
    SELECT 'model_params', src_partition, max((bitShiftRight(seq, 36), in_force_from)).2, NULL, max((bitShiftRight(seq, 36), computed_at)).2
    FROM model_params GROUP BY src_partition
)
GROUP BY table_name
COMMENT 'how old the newest rows of each table are';
