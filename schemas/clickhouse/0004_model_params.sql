-- The parameters that rows name by param_version. Every shard writes a row of
-- its own when it begins to use them.
CREATE TABLE IF NOT EXISTS model_params (
    param_version String COMMENT 'version of the parameters',
    model LowCardinality(String) COMMENT 'purchase, activity or spend model',
    k UInt32 COMMENT 'regularity',
    r Nullable(Float64) COMMENT 'shape of the purchase rate',
    alpha Nullable(Float64) COMMENT 'scale of the purchase rate, weeks',
    a Nullable(Float64) COMMENT 'dropout, first beta parameter',
    b Nullable(Float64) COMMENT 'dropout, second beta parameter',
    p Nullable(Float64) COMMENT 'gamma-gamma p',
    q Nullable(Float64) COMMENT 'gamma-gamma q',
    nu Nullable(Float64) COMMENT 'gamma-gamma scale, major units of the currency',
    n UInt64 COMMENT 'customers fitted on; 0 where given by configuration',
    log_likelihood Nullable(Float64) COMMENT 'at the optimum',
    dropout_identified UInt8 COMMENT '0 where the model cannot tell silence from loss',
    fitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when fitted',
    in_force_from DateTime64(3, 'UTC') COMMENT 'wall time at which the shard began to use it',
    computed_at DateTime64(3, 'UTC') COMMENT 'wall time of the row',
    src_partition UInt16 COMMENT 'the shard',
    seq UInt64 COMMENT 'epoch << 48 | dense number within the shard'
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY (param_version, model, src_partition, seq)
SETTINGS fsync_after_insert = 1 -- an acknowledged row survives a power loss
COMMENT 'parameters of the models by version, one row per shard that uses them';
