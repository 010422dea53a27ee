-- How old what one sees is. A row per table that has rows.
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
    SELECT 'customer_current' AS table_name, src_partition, max(as_of) AS latest_as_of,
        toNullable(max(watermark)) AS latest_watermark, max(computed_at) AS latest_computed_at
    FROM customer_current GROUP BY src_partition
    UNION ALL
    SELECT 'score_history', src_partition, max(as_of), NULL, max(computed_at) FROM score_history GROUP BY src_partition
    UNION ALL
    SELECT 'alert_event', src_partition, max(as_of), NULL, max(computed_at) FROM alert_event GROUP BY src_partition
    UNION ALL
    SELECT 'model_params', src_partition, max(in_force_from), NULL, max(computed_at) FROM model_params GROUP BY src_partition
)
GROUP BY table_name
COMMENT 'how old the newest rows of each table are';
