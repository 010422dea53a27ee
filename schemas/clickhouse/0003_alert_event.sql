-- Every transition of every alert, ordered for "open alerts now".
CREATE TABLE IF NOT EXISTS alert_event (
    alert_id String COMMENT 'identity of the alert, from customer, kind and episode',
    alert_seq UInt32 COMMENT '1, 2, ... within the alert',
    dedup_key String COMMENT '<kind>/<alert_id>',
    family LowCardinality(String) COMMENT 'churn, loyalty, segment',
    kind LowCardinality(String) COMMENT 'what the alert is about',
    action LowCardinality(String) COMMENT 'raised, escalated, updated, resolved, expired',
    customer_id String COMMENT 'the customer\'s id',
    segment LowCardinality(String) COMMENT 'the customer\'s segment',
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
    raised_at DateTime64(3, 'UTC') COMMENT 'when the alert was raised' CODEC(DoubleDelta, ZSTD(1)),
    as_of DateTime64(3, 'UTC') COMMENT 'the moment of the transition' CODEC(DoubleDelta, ZSTD(1)),
    computed_at DateTime64(3, 'UTC') COMMENT 'wall time at which it was computed' CODEC(DoubleDelta, ZSTD(1)),
    param_version LowCardinality(String) COMMENT 'version of the parameters, joins model_params',
    src_partition UInt16 COMMENT 'the shard',
    seq UInt64 COMMENT 'epoch << 48 | dense number within the shard' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(seq)
PARTITION BY toYYYYMM(raised_at)
ORDER BY (kind, raised_at, alert_id, alert_seq)
SETTINGS fsync_after_insert = 1 -- an acknowledged row survives a power loss
COMMENT 'every transition of every alert, the suppressed ones included';
