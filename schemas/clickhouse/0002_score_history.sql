-- Every row that was ever made of a customer. The key is the row's identity, so
-- that a repeated insert changes nothing. Months come from a key column. The
-- time to live counts from the wall time of computing: replayed history must
-- not expire on arrival.
CREATE TABLE IF NOT EXISTS score_history (
    customer_id String COMMENT 'the customer\'s id',
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
    as_of DateTime64(3, 'UTC') COMMENT 'the moment that the row describes: the later of the clock and what made the row' CODEC(DoubleDelta, ZSTD(1)),
    computed_at DateTime64(3, 'UTC') COMMENT 'wall time at which the row was computed' CODEC(DoubleDelta, ZSTD(1)),
    src_partition UInt16 COMMENT 'the shard',
    seq UInt64 COMMENT 'epoch << 48 | dense number within the shard; the row\'s version' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(seq)
PARTITION BY toYYYYMM(as_of)
ORDER BY (customer_id, as_of, src_partition, seq)
TTL computed_at + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1 -- an acknowledged row survives a power loss
COMMENT 'every row that was made of a customer, kept for 400 days after it was computed';
