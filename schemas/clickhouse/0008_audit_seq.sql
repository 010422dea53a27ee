-- Every row number of a shard lands once in one of these tables; customer_current
-- is a second copy of score_history. Rows of old epochs, and those that the time
-- to live has taken, leave gaps that are no loss: `holdfast audit` knows them.
CREATE OR REPLACE VIEW v_audit_seq (
    src_partition UInt16 COMMENT 'the shard',
    epoch UInt64 COMMENT 'topology epoch',
    row_count UInt64 COMMENT 'rows, repetitions of one key counted once',
    numbers UInt64 COMMENT 'distinct row numbers',
    first_number UInt64 COMMENT 'least row number',
    last_number UInt64 COMMENT 'greatest row number',
    missing UInt64 COMMENT 'numbers between the first and the last that no row has; must be 0',
    repeated UInt64 COMMENT 'rows beyond one per number; must be 0'
)
AS
SELECT
    src_partition,
    bitShiftRight(seq, 48) AS epoch,
    count() AS row_count,
    uniqExact(number) AS numbers,
    min(number) AS first_number,
    max(number) AS last_number,
    last_number - first_number + 1 - numbers AS missing,
    row_count - numbers AS repeated
FROM
(
    SELECT src_partition, seq, bitAnd(seq, 0xFFFFFFFFFFFF) AS number FROM score_history FINAL
    UNION ALL
    SELECT src_partition, seq, bitAnd(seq, 0xFFFFFFFFFFFF) AS number FROM alert_event FINAL
    UNION ALL
    SELECT src_partition, seq, bitAnd(seq, 0xFFFFFFFFFFFF) AS number FROM model_params FINAL
)
GROUP BY src_partition, epoch
COMMENT 'row numbers of each shard over the append-only tables: no hole, no double';
