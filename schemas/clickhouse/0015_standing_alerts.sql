-- Who is at risk when the present is reached is told then, though the alert began
-- earlier, without a message. A suppressed alert is a row here and no message.
ALTER TABLE alert_event
    ADD COLUMN IF NOT EXISTS standing UInt8 COMMENT 'told when the present was reached, though it was raised earlier, undelivered';
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
    standing UInt8 COMMENT 'told when the present was reached, though it was raised earlier, undelivered',
    resolve_reason LowCardinality(String) COMMENT 'why it was resolved; empty otherwise',
    complaint_id String COMMENT 'the complaint that the alert is about; empty where about none',
    complaint_time LowCardinality(String) COMMENT 'the time that the complaint has broken: first_response, resolution; empty otherwise',
    complaint_category LowCardinality(String) COMMENT 'category of the complaint; empty otherwise',
    complaint_severity UInt32 COMMENT 'severity of the complaint, 1 to 5; 0 where none was told',
    complaint_order_id String COMMENT 'the order that the complaint is about; empty where not told',
    complaint_opened_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when the complaint was made',
    complaint_due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when the time was over that it has broken',
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
    p_alive, reason_codes, reason_texts, at_stake, currency, arm, suppressed_reason, standing, resolve_reason,
    complaint_id, complaint_time, complaint_category, complaint_severity, complaint_order_id,
    complaint_opened_at, complaint_due_at,
    raised_at, as_of, computed_at, param_version, src_partition, seq, bitShiftRight(seq, 36) AS epoch
FROM alert_event FINAL
COMMENT 'every transition of every alert, once; suppressed ones included';
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
    complaint_due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'when the time was over that it has broken'
)
AS
SELECT
    a.alert_id AS alert_id, alert_seq, dedup_key, family, kind, action, a.customer_id AS customer_id, segment, level,
    previous_level, score, p_alive, reason_codes, reason_texts, at_stake, currency, arm, suppressed_reason, raised_at,
    as_of, computed_at, param_version, standing,
    complaint_id, complaint_time, complaint_category, complaint_severity, complaint_order_id,
    complaint_opened_at, complaint_due_at
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
-- A list of who is at risk says whether what it rests on is enough.
CREATE OR REPLACE VIEW v_customers_at_risk (
    risk_rank UInt64 COMMENT '1 is the highest value_at_risk',
    customer_id String COMMENT 'the customer''s id',
    segment LowCardinality(String) COMMENT 'segment of the latest event that names a known one',
    level LowCardinality(String) COMMENT 'watch, at_risk, critical',
    lifecycle_state LowCardinality(String) COMMENT 'state of the customer in its life with the shop',
    value_at_risk Nullable(Decimal(18, 4)) COMMENT '(1 - p_alive) times clv_365d if alive, at as_of',
    currency LowCardinality(String) COMMENT 'currency of every amount in the row',
    p_alive Nullable(Float64) COMMENT 'probability of being still a customer, as of business_date (at as_of while model_params lacks param_version)',
    p_return_30d Nullable(Float64) COMMENT 'probability of a purchase day in the 30 days from business_date',
    p_return_60d Nullable(Float64) COMMENT 'probability of a purchase day in the 60 days from business_date',
    p_return_90d Nullable(Float64) COMMENT 'probability of a purchase day in the 90 days from business_date',
    churn_risk Nullable(Float64) COMMENT 'risk score with all evidence, 0 to 1, at as_of',
    reason_codes Array(LowCardinality(String)) COMMENT 'up to three reasons, strongest first',
    recency_days Nullable(UInt32) COMMENT 'days from the latest purchase day to business_date',
    last_purchase_day Nullable(Date32) COMMENT 'latest purchase day',
    orders_life UInt32 COMMENT 'orders ever, without those refunded in full or cancelled',
    monetary_net_365d Decimal(18, 4) COMMENT 'net revenue of the last 365 business days, at as_of',
    clv_365d Nullable(Decimal(18, 4)) COMMENT 'expected discounted margin of the next 365 days, at as_of',
    complaints_open UInt32 COMMENT 'complaints open at as_of',
    abc_class LowCardinality(String) COMMENT 'A, B, C; empty while no cut points are in force',
    tier LowCardinality(String) COMMENT 'value pyramid tier; empty while no cut points are in force',
    business_date Date32 COMMENT 'today in the row''s business time zone',
    time_zone LowCardinality(String) COMMENT 'business time zone',
    as_of DateTime64(3, 'UTC') COMMENT 'the moment that the stored row describes',
    param_version LowCardinality(String) COMMENT 'version of the parameters, joins model_params',
    data_sufficiency LowCardinality(String) COMMENT 'ok where the parameters are fitted to enough; else what is lacking: the row is then a guess, and its alerts are not delivered'
)
AS
WITH
    -- The purchase model's parameters by version; every shard wrote the same.
    model AS
    (
        SELECT param_version, any(k) AS k, any(r) AS r, any(alpha) AS alpha, any(a) AS a, any(b) AS b
        FROM model_params
        WHERE model = 'purchase'
        GROUP BY param_version
    ),
    -- Time in weeks. Silence is counted in whole business days of the row's time
    -- zone and is never negative.
    history AS
    (
        SELECT
            c.*,
            -- toTimeZone wants one zone for all rows; formatDateTime takes one per row.
            CAST(c.time_zone AS String) AS zone,
            toDate32(formatDateTime(now(), '%F', if(zone = '', 'UTC', zone))) AS business_date,
            toFloat64(c.frequency_repeat) AS x,
            dateDiff('day', c.first_purchase_day, c.last_purchase_day) / 7 AS t_x,
            greatest(dateDiff('day', c.last_purchase_day, business_date), 0) AS silence_days,
            silence_days / 7 AS g
        FROM customer_current AS c FINAL
        WHERE c.level IN ('watch', 'at_risk', 'critical') AND c.lifecycle_state != 'closed'
    ),
    -- Where the parameters are not there (yet), the row's own figures stand, which
    -- are those at as_of.
    -- MBG/NBD with k = 1, S(g) = ((alpha + t_x) / (alpha + t_x + g))^(r + x):
    --   p_alive     = (b + x) S(g) / (a + (b + x) S(g))
    --   p_return(H) = p_alive (1 - S(g + H) / S(g))
    posterior AS
    (
        SELECT
            h.*,
            m.r + h.x AS shape,
            m.alpha + h.t_x + h.g AS scale,
            if(m.k = 1, 1 / (1 + m.a / (m.b + h.x) * pow(scale / (m.alpha + h.t_x), shape)), NULL) AS alive_now
        FROM history AS h
        LEFT JOIN model AS m ON m.param_version = h.param_version
    )
SELECT
    row_number() OVER (ORDER BY value_at_risk DESC NULLS LAST, customer_id) AS risk_rank,
    customer_id,
    segment,
    level,
    lifecycle_state,
    value_at_risk,
    currency,
    ifNull(alive_now, posterior.p_alive) AS p_alive,
    ifNull(alive_now * (1 - pow(scale / (scale + 30 / 7), shape)), posterior.p_return_30d) AS p_return_30d,
    ifNull(alive_now * (1 - pow(scale / (scale + 60 / 7), shape)), posterior.p_return_60d) AS p_return_60d,
    ifNull(alive_now * (1 - pow(scale / (scale + 90 / 7), shape)), posterior.p_return_90d) AS p_return_90d,
    churn_risk,
    reason_codes,
    toUInt32(silence_days) AS recency_days,
    last_purchase_day,
    orders_life,
    monetary_net_365d,
    clv_365d,
    complaints_open,
    abc_class,
    tier,
    business_date,
    time_zone,
    as_of,
    param_version,
    data_sufficiency
FROM posterior
COMMENT 'customers whose silence or complaints say that they may leave, the most valuable first, with p_alive and p_return as of now';
