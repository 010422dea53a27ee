-- Who is not to be written to stands in the row. What p_alive rests on and what the
-- clock follows are told, so that nobody has to guess them.
ALTER TABLE customer_current
    ADD COLUMN IF NOT EXISTS opted_out UInt8 COMMENT '1 where consent to marketing is withdrawn, by the latest event that says',
    ADD COLUMN IF NOT EXISTS do_not_retain UInt8 COMMENT '1 after a chargeback or a closure for fraud: no alert is delivered',
    ADD COLUMN IF NOT EXISTS holdout_arm LowCardinality(String) COMMENT 'treat, or holdout: left alone, so that the effect of treating can be measured; empty in a row of before there was this column, whose opted_out and do_not_retain say nothing',
    ADD COLUMN IF NOT EXISTS p_alive_basis LowCardinality(String) COMMENT 'which days p_alive is of: purchase, activity; closure where the account is closed, so that it is 0; empty where there is none',
    ADD COLUMN IF NOT EXISTS clock LowCardinality(String) COMMENT 'what the shard\'s clock follows: honest (the wall time, once all that had arrived is applied), events (never ahead of the latest event)';
ALTER TABLE score_history
    ADD COLUMN IF NOT EXISTS p_alive_basis LowCardinality(String) COMMENT 'which days p_alive is of: purchase, activity; closure where the account is closed, so that it is 0; empty where there is none';
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
    p_alive_basis LowCardinality(String) COMMENT 'which days p_alive is of: purchase, activity; closure where the account is closed, so that it is 0; empty where there is none',
    epoch UInt64 COMMENT 'life of the shard''s state: rises when it is begun anew'
)
AS
SELECT
    customer_id, first_purchase_day, last_purchase_day, frequency_repeat, first_activity_day, last_activity_day,
    activity_x, p_alive, p_return_90d, value_at_risk, churn_risk, level, lifecycle_state, reason_codes,
    param_version, as_of, computed_at, src_partition, seq, p_alive_basis, bitShiftRight(seq, 36) AS epoch
FROM score_history FINAL
COMMENT 'every row that was made of a customer, once; of the last 400 days. Clock: as_of of each row';
