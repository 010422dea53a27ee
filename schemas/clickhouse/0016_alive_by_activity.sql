-- Visits prove life: where a row was scored by activity days, so is the view.
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
    -- The parameters by version, of the purchase and of the activity model; every shard
    -- wrote the same.
    model AS
    (
        SELECT
            param_version,
            anyIf(p.k, p.model = 'purchase') AS k, anyIf(p.r, p.model = 'purchase') AS r,
            anyIf(p.alpha, p.model = 'purchase') AS alpha,
            anyIf(p.a, p.model = 'purchase') AS a, anyIf(p.b, p.model = 'purchase') AS b,
            anyIf(p.k, p.model = 'activity') AS activity_k, anyIf(p.r, p.model = 'activity') AS activity_r,
            anyIf(p.alpha, p.model = 'activity') AS activity_alpha,
            anyIf(p.a, p.model = 'activity') AS activity_a, anyIf(p.b, p.model = 'activity') AS activity_b
        FROM model_params AS p
        WHERE p.model IN ('purchase', 'activity')
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
            silence_days / 7 AS g,
            -- A row whose two probabilities differ was scored by activity days.
            ifNull(c.p_alive != c.p_alive_purchase, 0) AS by_activity,
            toFloat64(c.activity_x) AS activity_repeats,
            dateDiff('day', c.first_activity_day, c.last_activity_day) / 7 AS activity_span,
            greatest(dateDiff('day', c.last_activity_day, business_date), 0) / 7 AS activity_silence
        FROM customer_current AS c FINAL
        WHERE c.level IN ('watch', 'at_risk', 'critical') AND c.lifecycle_state != 'closed'
    ),
    -- Where the parameters are not there (yet), the row's own figures stand, which
    -- are those at as_of.
    -- p_return is by purchases, p_alive by the same formula of the activity days where
    -- the row is. MBG/NBD with k = 1, S(g) = ((alpha + t_x) / (alpha + t_x + g))^(r + x):
    --   p_alive     = (b + x) S(g) / (a + (b + x) S(g))
    --   p_return(H) = p_alive (1 - S(g + H) / S(g))
    posterior AS
    (
        SELECT
            h.*,
            m.r + h.x AS shape,
            m.alpha + h.t_x + h.g AS scale,
            if(m.k = 1, 1 / (1 + m.a / (m.b + h.x) * pow(scale / (m.alpha + h.t_x), shape)), NULL) AS alive_by_purchases,
            if(m.activity_k = 1, 1 / (1 + m.activity_a / (m.activity_b + h.activity_repeats) *
                pow((m.activity_alpha + h.activity_span + h.activity_silence) / (m.activity_alpha + h.activity_span),
                    m.activity_r + h.activity_repeats)), NULL) AS alive_by_activity,
            if(h.by_activity, alive_by_activity, alive_by_purchases) AS alive_now
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
    ifNull(alive_by_purchases * (1 - pow(scale / (scale + 30 / 7), shape)), posterior.p_return_30d) AS p_return_30d,
    ifNull(alive_by_purchases * (1 - pow(scale / (scale + 60 / 7), shape)), posterior.p_return_60d) AS p_return_60d,
    ifNull(alive_by_purchases * (1 - pow(scale / (scale + 90 / 7), shape)), posterior.p_return_90d) AS p_return_90d,
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
