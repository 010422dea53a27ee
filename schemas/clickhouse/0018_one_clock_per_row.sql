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
-- One clock for each row: every figure is as of as_of.
CREATE OR REPLACE VIEW v_customers_at_risk (
    risk_rank UInt64 COMMENT '1 is the highest value_at_risk',
    customer_id String COMMENT 'the customer''s id',
    segment LowCardinality(String) COMMENT 'segment of the latest event that names a known one',
    level LowCardinality(String) COMMENT 'watch, at_risk, critical, at as_of',
    lifecycle_state LowCardinality(String) COMMENT 'state of the customer in its life with the shop',
    value_at_risk Nullable(Decimal(18, 4)) COMMENT '(1 - p_alive) times clv_365d if alive, at as_of',
    currency LowCardinality(String) COMMENT 'currency of every amount in the row',
    p_alive Nullable(Float64) COMMENT 'probability of being still a customer, at as_of',
    p_return_30d Nullable(Float64) COMMENT 'probability of a purchase day in the 30 days from as_of',
    p_return_60d Nullable(Float64) COMMENT 'probability of a purchase day in the 60 days from as_of',
    p_return_90d Nullable(Float64) COMMENT 'probability of a purchase day in the 90 days from as_of',
    churn_risk Nullable(Float64) COMMENT 'risk score with all evidence, 0 to 1, at as_of',
    reason_codes Array(LowCardinality(String)) COMMENT 'up to three reasons, strongest first',
    recency_days Nullable(UInt32) COMMENT 'days from the latest purchase day to business_date',
    last_purchase_day Nullable(Date32) COMMENT 'latest purchase day',
    orders_life UInt32 COMMENT 'orders ever, without those refunded in full or cancelled, at as_of',
    monetary_net_365d Decimal(18, 4) COMMENT 'net revenue of the last 365 business days, at as_of',
    clv_365d Nullable(Decimal(18, 4)) COMMENT 'expected discounted margin of the next 365 days, at as_of',
    complaints_open UInt32 COMMENT 'complaints open at as_of',
    abc_class LowCardinality(String) COMMENT 'A, B, C; empty while no cut points are in force',
    tier LowCardinality(String) COMMENT 'value pyramid tier; empty while no cut points are in force',
    business_date Date32 COMMENT 'day of as_of in the row''s business time zone',
    time_zone LowCardinality(String) COMMENT 'business time zone',
    as_of DateTime64(3, 'UTC') COMMENT 'the moment of every figure of the row',
    param_version LowCardinality(String) COMMENT 'version of the parameters, joins model_params',
    data_sufficiency LowCardinality(String) COMMENT 'ok where the parameters are fitted to enough; else what is lacking: the row is then a guess, and its alerts are not delivered',
    p_alive_purchase Nullable(Float64) COMMENT 'p_alive of the purchase days alone, at as_of',
    p_alive_basis LowCardinality(String) COMMENT 'which days p_alive is of: purchase, activity; closure where the account is closed, so that it is 0; empty where there is none',
    watermark DateTime64(3, 'UTC') COMMENT 'reading of the shard''s clock when the row was made; as_of is later where an event of the customer was',
    opted_out UInt8 COMMENT '1 where consent to marketing is withdrawn, by the latest event that says',
    do_not_retain UInt8 COMMENT '1 after a chargeback or a closure for fraud: no alert is delivered',
    holdout_arm LowCardinality(String) COMMENT 'treat, or holdout: left alone, so that the effect of treating can be measured; empty in a row of before there was this column, whose opted_out and do_not_retain say nothing',
    deliverable UInt8 COMMENT '1 where nothing speaks against delivering an alert on the silence of this customer: enough data, a repeat purchase, consent, no do_not_retain, no holdout; alerts of complaints ask less, v_alerts_open says of each'
)
AS
SELECT
    row_number() OVER (ORDER BY c.value_at_risk DESC NULLS LAST, c.customer_id) AS risk_rank,
    c.customer_id AS customer_id,
    c.segment AS segment,
    c.level AS level,
    c.lifecycle_state AS lifecycle_state,
    c.value_at_risk AS value_at_risk,
    c.currency AS currency,
    c.p_alive AS p_alive,
    c.p_return_30d AS p_return_30d,
    c.p_return_60d AS p_return_60d,
    c.p_return_90d AS p_return_90d,
    c.churn_risk AS churn_risk,
    c.reason_codes AS reason_codes,
    c.recency_days AS recency_days,
    c.last_purchase_day AS last_purchase_day,
    c.orders_life AS orders_life,
    c.monetary_net_365d AS monetary_net_365d,
    c.clv_365d AS clv_365d,
    c.complaints_open AS complaints_open,
    c.abc_class AS abc_class,
    c.tier AS tier,
    -- toTimeZone wants one zone for all rows; formatDateTime takes one per row.
    toDate32(formatDateTime(c.as_of, '%F', if(c.time_zone = '', 'UTC', CAST(c.time_zone AS String)))) AS business_date,
    c.time_zone AS time_zone,
    c.as_of AS as_of,
    c.param_version AS param_version,
    c.data_sufficiency AS data_sufficiency,
    c.p_alive_purchase AS p_alive_purchase,
    c.p_alive_basis AS p_alive_basis,
    c.watermark AS watermark,
    c.opted_out AS opted_out,
    c.do_not_retain AS do_not_retain,
    c.holdout_arm AS holdout_arm,
    c.data_sufficiency = 'ok' AND c.frequency_repeat > 0 AND c.opted_out = 0 AND c.do_not_retain = 0 AND
        c.holdout_arm = 'treat' AS deliverable
FROM customer_current AS c FINAL
WHERE c.level IN ('watch', 'at_risk', 'critical') AND c.lifecycle_state != 'closed'
COMMENT 'customers whose silence or complaints say that they may leave, the most valuable first; work is WHERE deliverable. Clock: as_of of each row, for every figure; v_customers_at_risk_now has those that silence moves as of now';
-- Where now is meant. No figure of another moment stands beside these.
CREATE OR REPLACE VIEW v_customers_at_risk_now (
    customer_id String COMMENT 'the customer''s id',
    segment LowCardinality(String) COMMENT 'segment of the latest event that names a known one',
    level LowCardinality(String) COMMENT 'watch, at_risk, critical: it holds until another row is made',
    lifecycle_state LowCardinality(String) COMMENT 'state of the customer in its life with the shop; it holds likewise',
    p_alive Nullable(Float64) COMMENT 'probability of being still a customer, by p_alive_basis; null while model_params lacks param_version, and where p_alive_basis is empty',
    p_alive_purchase Nullable(Float64) COMMENT 'the same by the purchase days alone; null while model_params lacks param_version',
    p_alive_basis LowCardinality(String) COMMENT 'which days p_alive is of, as in the latest row: purchase, activity; empty where there is none, and in a row of before there was this column',
    p_return_30d Nullable(Float64) COMMENT 'probability of a purchase day in the 30 days from business_date; null while model_params lacks param_version',
    p_return_60d Nullable(Float64) COMMENT 'probability of a purchase day in the 60 days from business_date; null while model_params lacks param_version',
    p_return_90d Nullable(Float64) COMMENT 'probability of a purchase day in the 90 days from business_date; null while model_params lacks param_version',
    recency_days Nullable(UInt32) COMMENT 'days from the latest purchase day to business_date',
    tenure_days Nullable(UInt32) COMMENT 'days from the first purchase day to business_date',
    last_purchase_day Nullable(Date32) COMMENT 'latest purchase day',
    last_activity_day Nullable(Date32) COMMENT 'latest day with a purchase or an acting visit',
    business_date Date32 COMMENT 'day of evaluated_at in the row''s business time zone',
    evaluated_at DateTime64(3, 'UTC') COMMENT 'the moment of every figure of the row: the time of the query; where clock is not honest the watermark, or as_of where an event of the customer is later than that',
    clock LowCardinality(String) COMMENT 'what the shard''s clock follows: honest (the wall time, once all that had arrived is applied), events (never ahead of the latest event)',
    watermark DateTime64(3, 'UTC') COMMENT 'reading of the shard''s clock with its newest row: up to there silence is judged',
    as_of DateTime64(3, 'UTC') COMMENT 'the moment of the latest row',
    time_zone LowCardinality(String) COMMENT 'business time zone',
    param_version LowCardinality(String) COMMENT 'version of the parameters, joins model_params',
    data_sufficiency LowCardinality(String) COMMENT 'ok where the parameters are fitted to enough; else what is lacking: the row is then a guess, and its alerts are not delivered',
    opted_out UInt8 COMMENT '1 where consent to marketing is withdrawn, by the latest event that says',
    do_not_retain UInt8 COMMENT '1 after a chargeback or a closure for fraud: no alert is delivered',
    holdout_arm LowCardinality(String) COMMENT 'treat, or holdout: left alone, so that the effect of treating can be measured; empty in a row of before there was this column, whose opted_out and do_not_retain say nothing',
    deliverable UInt8 COMMENT '1 where nothing speaks against delivering an alert on the silence of this customer: enough data, a repeat purchase, consent, no do_not_retain, no holdout; alerts of complaints ask less, v_alerts_open says of each'
)
AS
WITH
    -- How far the clock of each shard has come, and what it follows.
    shard AS
    (
        SELECT src_partition, argMax(watermark, seq) AS reading, argMax(clock, seq) AS follows
        FROM customer_current
        GROUP BY src_partition
    ),
    -- The parameters by version and name: purchase and activity, and purchase/SEGMENT and
    -- activity/SEGMENT of segments with their own. Every shard wrote the same.
    model AS
    (
        SELECT param_version, CAST((groupArray(name), groupArray(parameters)),
            'Map(String, Tuple(k UInt32, r Float64, alpha Float64, a Float64, b Float64))') AS models
        FROM
        (
            SELECT param_version, toString(p.model) AS name,
                any((p.k, ifNull(p.r, 0), ifNull(p.alpha, 0), ifNull(p.a, 0), ifNull(p.b, 0))) AS parameters
            FROM model_params AS p
            WHERE p.model NOT LIKE 'spend%'
            GROUP BY param_version, name
        )
        GROUP BY param_version
    ),
    latest AS
    (
        SELECT
            c.*,
            -- Without a word of what the clock follows, no further than it has come.
            greatest(c.as_of, if(s.follows = 'honest', now64(3, 'UTC'), s.reading)) AS evaluated_at,
            s.reading AS reading,
            s.follows AS follows,
            -- toTimeZone wants one zone for all rows; formatDateTime takes one per row.
            toDate32(formatDateTime(evaluated_at, '%F', if(c.time_zone = '', 'UTC', CAST(c.time_zone AS String)))) AS today
        FROM customer_current AS c FINAL
        INNER JOIN shard AS s ON s.src_partition = c.src_partition
        WHERE c.level IN ('watch', 'at_risk', 'critical') AND c.lifecycle_state != 'closed'
    ),
    -- Time in weeks. Silence is counted in whole business days of the row's time
    -- zone and is never negative. The likelihood takes at most 5000 activity days.
    history AS
    (
        SELECT
            l.*,
            if(mapContains(m.models, 'purchase/' || l.segment), m.models['purchase/' || l.segment], m.models['purchase'])
                AS purchase,
            if(mapContains(m.models, 'activity/' || l.segment), m.models['activity/' || l.segment], m.models['activity'])
                AS activity,
            toFloat64(l.frequency_repeat) AS x,
            purchase.r + purchase.k * x AS shape,
            purchase.alpha + assumeNotNull(dateDiff('day', l.first_purchase_day, l.last_purchase_day)) / 7 AS scale,
            greatest(assumeNotNull(dateDiff('day', l.last_purchase_day, today)), 0) / 7 AS silence,
            least(toFloat64(l.activity_x), 5000) AS activity_repeats,
            activity.r + activity_repeats AS activity_shape,
            activity.alpha + assumeNotNull(dateDiff('day', l.first_activity_day, l.last_activity_day)) / 7 AS activity_scale,
            greatest(assumeNotNull(dateDiff('day', l.last_activity_day, today)), 0) / 7 AS activity_silence
        FROM latest AS l
        LEFT JOIN model AS m ON m.param_version = l.param_version
    ),
    -- MBG/CNBD-k with shape = r + k x, scale = alpha + t_x, w = g / (scale + g):
    --   S(g)        = sum over j < k of (shape)_j / j! w^j (1 - w)^shape
    --   p_alive     = (b + x) S(g) / (a + (b + x) S(g))
    --   p_return(H) = p_alive (1 - S(g + H) / S(g))
    -- p_return is by purchases, p_alive by the same formula with k = 1 of the activity days
    -- where the row is.
    posterior AS
    (
        SELECT
            h.*,
            -- ln S after the silence so far, and after 30, 60, 90 days more.
            arrayMap(g -> log(1 + arraySum(arrayMap(term -> exp(term), arrayCumSum(arrayMap(
                j -> log((h.shape + j - 1) / j * (g / (h.scale + g))), range(1, greatest(toUInt64(h.purchase.k), 1)))))))
                - h.shape * log1p(g / h.scale),
                [h.silence, h.silence + 30 / 7, h.silence + 60 / 7, h.silence + 90 / 7]) AS ln_survival,
            if(h.purchase.k > 0 AND h.first_purchase_day IS NOT NULL,
                1 / (1 + h.purchase.a / (h.purchase.b + h.x) * exp(-ln_survival[1])), NULL) AS alive_by_purchase,
            if(h.activity.k = 1 AND h.first_activity_day IS NOT NULL,
                1 / (1 + h.activity.a / (h.activity.b + h.activity_repeats) *
                    exp(h.activity_shape * log1p(h.activity_silence / h.activity_scale))), NULL) AS alive_by_activity
        FROM history AS h
    )
SELECT
    c.customer_id AS customer_id,
    c.segment AS segment,
    c.level AS level,
    c.lifecycle_state AS lifecycle_state,
    multiIf(c.p_alive_basis = 'purchase', c.alive_by_purchase, c.p_alive_basis = 'activity', c.alive_by_activity, NULL)
        AS p_alive,
    c.alive_by_purchase AS p_alive_purchase,
    c.p_alive_basis AS p_alive_basis,
    c.alive_by_purchase * (1 - exp(c.ln_survival[2] - c.ln_survival[1])) AS p_return_30d,
    c.alive_by_purchase * (1 - exp(c.ln_survival[3] - c.ln_survival[1])) AS p_return_60d,
    c.alive_by_purchase * (1 - exp(c.ln_survival[4] - c.ln_survival[1])) AS p_return_90d,
    toUInt32(greatest(dateDiff('day', c.last_purchase_day, c.today), 0)) AS recency_days,
    toUInt32(greatest(dateDiff('day', c.first_purchase_day, c.today), 0)) AS tenure_days,
    c.last_purchase_day AS last_purchase_day,
    c.last_activity_day AS last_activity_day,
    c.today AS business_date,
    c.evaluated_at AS evaluated_at,
    c.follows AS clock,
    c.reading AS watermark,
    c.as_of AS as_of,
    c.time_zone AS time_zone,
    c.param_version AS param_version,
    c.data_sufficiency AS data_sufficiency,
    c.opted_out AS opted_out,
    c.do_not_retain AS do_not_retain,
    c.holdout_arm AS holdout_arm,
    c.data_sufficiency = 'ok' AND c.frequency_repeat > 0 AND c.opted_out = 0 AND c.do_not_retain = 0 AND
        c.holdout_arm = 'treat' AS deliverable
FROM posterior AS c
COMMENT 'the customers of v_customers_at_risk with what their silence comes to now; work is WHERE deliverable. Clock: evaluated_at of each row, which is now, but with time.clock: events never beyond the watermark. Value at risk, churn_risk and lifetime value are not in it: they need more than SQL has of the models, and stand in v_customers_at_risk as of as_of';
-- A list of work can leave out what is recorded only.
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
    param_version LowCardinality(String) COMMENT 'version of the parameters, joins model_params',
    standing UInt8 COMMENT 'told when the present was reached, though it was raised earlier, undelivered',
    complaint_id String COMMENT 'the complaint that the alert is about; empty where about none',
    complaint_time LowCardinality(String) COMMENT 'the time that the complaint has broken: first_response, resolution; empty otherwise',
    complaint_category LowCardinality(String) COMMENT 'category of the complaint; empty otherwise',
    complaint_severity UInt32 COMMENT 'severity of the complaint, 1 to 5; 0 where none was told',
    complaint_order_id String COMMENT 'the order that the complaint is about; empty where not told',
    complaint_opened_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when the complaint was made',
    complaint_due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when the time was over that it has broken',
    deliverable UInt8 COMMENT '1 where it is work; 0 where it is recorded and not delivered (suppressed_reason: no consent, holdout, too little data ...), also where alerts.publish_suppressed brings its message'
)
AS
SELECT
    a.alert_id AS alert_id, alert_seq, dedup_key, family, kind, action, a.customer_id AS customer_id, segment, level,
    previous_level, score, p_alive, reason_codes, reason_texts, at_stake, currency, arm, suppressed_reason, raised_at,
    as_of, computed_at, param_version, standing,
    complaint_id, complaint_time, complaint_category, complaint_severity, complaint_order_id,
    complaint_opened_at, complaint_due_at, suppressed_reason = '' AS deliverable
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
COMMENT 'alerts that are neither resolved nor expired, each with its latest transition; work is WHERE deliverable. Clock: as_of of that transition';
-- Each view says which clock its figures are of.
ALTER TABLE v_alert_event MODIFY COMMENT 'every transition of every alert, once; suppressed ones included, which are no work. Clock: as_of of each transition';
ALTER TABLE v_counting_quality MODIFY COMMENT 'what is known of how exact the counts are: approximate customers, and refunds that wait for their order. Clock: as_of of each customer, whose row is made anew when a count changes';
ALTER TABLE v_data_freshness MODIFY COMMENT 'how old the newest rows of each table are. Clock: the wall time, for computed_at and lag_seconds; event_time and watermark are of the rows';
ALTER TABLE v_audit_seq MODIFY COMMENT 'row numbers of each shard and life over the append-only tables: no hole, no double. Clock: none; it counts what is there';
