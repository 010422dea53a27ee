-- What customers brought in margin, as far as their orders say it.
ALTER TABLE customer_current
    ADD COLUMN IF NOT EXISTS value_now Nullable(Decimal(18, 4)) COMMENT 'net margin of the last 365 business days: as orders give it, else a ratio of their net';
ALTER TABLE customer_current
    COMMENT COLUMN orders_foreign_90d 'orders of the last 90 business days in another currency, whose money is not counted';
-- What is of doubt in the events. Rows are totals of a shard since its state
-- began: a total that is told twice is one row, and a day keeps its latest.
CREATE TABLE IF NOT EXISTS data_quality (
    day Date32 COMMENT 'business day on which it was counted',
    src_partition UInt16 COMMENT 'the shard',
    finding LowCardinality(String) COMMENT 'what was found; rejected_<reason> for a dead letter',
    events UInt64 COMMENT 'of them since the shard\'s state began; v_data_quality has those of each day',
    epoch UInt64 COMMENT 'life of the shard\'s state: rises when it is begun anew',
    computed_at DateTime64(3, 'UTC') COMMENT 'wall time of the row',
    seq UInt64 COMMENT 'epoch << 36 | number of the batch; the row\'s version'
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY (day, finding, src_partition, epoch)
SETTINGS fsync_after_insert = 1 -- an acknowledged row survives a power loss
COMMENT 'events that leave a doubt, and dead letters, as totals of each shard by the end of a day; read with FINAL, or v_data_quality';
CREATE OR REPLACE VIEW v_data_quality (
    day Date32 COMMENT 'business day on which it was counted',
    finding LowCardinality(String) COMMENT 'what was found; rejected_<reason> for a dead letter',
    events UInt64 COMMENT 'of them on this day, over all shards'
)
AS
SELECT day, finding, sum(events - before) AS events
FROM
(
    SELECT
        day, finding, events,
        lagInFrame(events, 1, toUInt64(0)) OVER (
            PARTITION BY src_partition, epoch, finding ORDER BY seq
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS before
    FROM data_quality FINAL
)
GROUP BY day, finding
COMMENT 'events that leave a doubt, and dead letters, by day. Clock: that of each shard, of the batches that counted them';
