package signal

// Null is a value that may be undefined (no second purchase, no rating).
type Null[T any] struct {
	Value T
	Valid bool
}

// Some is the defined Null.
func Some[T any](v T) Null[T] { return Null[T]{Value: v, Valid: true} }

// Money is minor units of the row's currency.
type Money int64

// Instant is microseconds since 1970-01-01T00:00:00Z (as event.Instant, which
// this package may not import).
type Instant int64

// Day is whole days since 1970-01-01 in the business time zone.
type Day int32

// CustomerRow is one row of customer_current and (its subset tagged "history")
// of score_history. The tags are the single source of the column's name, its
// ClickHouse type and its comment; the block codec, the schema check and the
// documentation are derived from them.
//
// Text fields are valid only during the call they are handed to.
type CustomerRow struct {
	CustomerID []byte `col:"customer_id" type:"String" history:"y" doc:"the customer's id"`

	Segment     string    `col:"segment" type:"LowCardinality(String)" doc:"segment of the latest event that names a known one"`
	Currency    string    `col:"currency" type:"LowCardinality(String)" doc:"currency of every amount in the row"`
	TimeZone    string    `col:"time_zone" type:"LowCardinality(String)" doc:"business time zone that days are counted in"`
	CohortMonth Null[Day] `col:"cohort_month" type:"Nullable(Date32)" doc:"first day of the month of the first purchase"`

	FirstPurchaseDay Null[Day] `col:"first_purchase_day" type:"Nullable(Date32)" history:"y" doc:"first purchase day"`
	LastPurchaseDay  Null[Day] `col:"last_purchase_day" type:"Nullable(Date32)" history:"y" doc:"latest purchase day"`
	FrequencyRepeat  uint32    `col:"frequency_repeat" type:"UInt32" history:"y" doc:"x: repeat purchase days (the first excluded)"`
	FirstActivityDay Null[Day] `col:"first_activity_day" type:"Nullable(Date32)" history:"y" doc:"first day with a purchase or an acting visit"`
	LastActivityDay  Null[Day] `col:"last_activity_day" type:"Nullable(Date32)" history:"y" doc:"latest day with a purchase or an acting visit"`
	ActivityX        uint32    `col:"activity_x" type:"UInt32" history:"y" doc:"repeat activity days (the first excluded)"`

	OrdersLife       uint32 `col:"orders_life" type:"UInt32" doc:"orders ever, without those refunded in full or cancelled"`
	PurchaseDaysLife uint32 `col:"purchase_days_life" type:"UInt32" doc:"distinct purchase days ever"`
	MonetaryNetLife  Money  `col:"monetary_net_life" type:"Decimal(18, 4)" doc:"net revenue ever, refunds deducted"`

	RefundsWaitingNet Money `col:"refunds_waiting_net" type:"Decimal(18, 4)" doc:"refunds and adjustments whose order is not known, deducted from no other amount"`

	RecencyDays        Null[uint32]  `col:"recency_days" type:"Nullable(UInt32)" doc:"days since the latest purchase day, at as_of"`
	TenureDays         Null[uint32]  `col:"tenure_days" type:"Nullable(UInt32)" doc:"days since the first purchase day, at as_of"`
	MonetaryMeanRepeat Null[float64] `col:"monetary_mean_repeat" type:"Nullable(Decimal(18, 4))" doc:"mean net value of the repeat purchase days with a positive one"`
	MonetaryNet30d     Money         `col:"monetary_net_30d" type:"Decimal(18, 4)" doc:"net revenue of the last 30 business days, today included"`
	MonetaryNet90d     Money         `col:"monetary_net_90d" type:"Decimal(18, 4)" doc:"net revenue of the last 90 business days"`
	MonetaryNet365d    Money         `col:"monetary_net_365d" type:"Decimal(18, 4)" doc:"net revenue of the last 365 business days"`
	Orders30d          uint32        `col:"orders_30d" type:"UInt32" doc:"orders of the last 30 business days"`
	Orders90d          uint32        `col:"orders_90d" type:"UInt32" doc:"orders of the last 90 business days"`
	Orders365d         uint32        `col:"orders_365d" type:"UInt32" doc:"orders of the last 365 business days"`
	PurchaseDays365d   uint32        `col:"purchase_days_365d" type:"UInt32" doc:"distinct purchase days of the last 365 business days"`
	AOV90d             Null[float64] `col:"aov_90d" type:"Nullable(Decimal(18, 4))" doc:"average order value of the last 90 business days"`
	AOVTrend           Null[float64] `col:"aov_trend" type:"Nullable(Float64)" doc:"aov_90d over that of the 90 business days before"`
	InterPurchaseMean  Null[float64] `col:"inter_purchase_mean_days" type:"Nullable(Float64)" doc:"t_x / x: mean days between purchase days"`
	IsRepeat           bool          `col:"is_repeat" type:"UInt8" doc:"1 where there is a repeat purchase day"`

	Visits7d  uint32 `col:"visits_7d" type:"UInt32" doc:"acting visits of the last 7 business days"`
	Visits30d uint32 `col:"visits_30d" type:"UInt32" doc:"acting visits of the last 30 business days"`
	Visits90d uint32 `col:"visits_90d" type:"UInt32" doc:"acting visits of the last 90 business days"`

	ComplaintsOpen          uint32       `col:"complaints_open" type:"UInt32" doc:"complaints open at as_of"`
	Complaints30d           uint32       `col:"complaints_30d" type:"UInt32" doc:"complaints made in the last 30 business days"`
	Complaints90d           uint32       `col:"complaints_90d" type:"UInt32" doc:"complaints made in the last 90 business days"`
	Complaints30dByCategory [9]uint32    `col:"complaints_30d_by_category" type:"Array(UInt32)" doc:"complaints_30d by category: quality, contract, logistics, service, attitude, price, billing, digital, other"`
	Complaints90dByCategory [9]uint32    `col:"complaints_90d_by_category" type:"Array(UInt32)" doc:"complaints_90d by category, in the same order"`
	OldestOpenComplaintDays Null[uint32] `col:"oldest_open_complaint_days" type:"Nullable(UInt32)" doc:"business days since the oldest open complaint was made, at as_of"`
	ComplaintSLABreached    bool         `col:"complaint_sla_breached" type:"UInt8" doc:"1 where an open complaint is past its response or resolution time"`
	RatingLast              Null[uint8]  `col:"rating_last" type:"Nullable(UInt8)" doc:"latest rating, 1 to 5"`

	PAlive            Null[float64] `col:"p_alive" type:"Nullable(Float64)" history:"y" doc:"probability of being still a customer, at as_of; drives levels"`
	PAlivePurchase    Null[float64] `col:"p_alive_purchase" type:"Nullable(Float64)" doc:"p_alive of the purchase days alone"`
	PReturn30d        Null[float64] `col:"p_return_30d" type:"Nullable(Float64)" doc:"probability of a purchase day in the next 30 days"`
	PReturn60d        Null[float64] `col:"p_return_60d" type:"Nullable(Float64)" doc:"probability of a purchase day in the next 60 days"`
	PReturn90d        Null[float64] `col:"p_return_90d" type:"Nullable(Float64)" history:"y" doc:"probability of a purchase day in the next 90 days; the calibrated number"`
	PReturnAtPurchase Null[float64] `col:"p_return_at_last_purchase" type:"Nullable(Float64)" doc:"p_return_90d as it was right after the latest purchase"`
	RelativeDrop      Null[float64] `col:"relative_drop" type:"Nullable(Float64)" doc:"1 - p_return_90d / p_return_at_last_purchase"`
	OverdueRatio      Null[float64] `col:"overdue_ratio" type:"Nullable(Float64)" doc:"silence times the customer's shrunken purchase rate"`
	OverdueQuantile   Null[float64] `col:"overdue_quantile" type:"Nullable(Float64)" doc:"quantile of the current gap if still active, 0 to 1"`
	NextPurchaseQ50   Null[Instant] `col:"next_purchase_q50_ts" type:"Nullable(DateTime64(3, 'UTC'))" doc:"by then half of such customers have bought again, if active"`
	NextPurchaseQ90   Null[Instant] `col:"next_purchase_q90_ts" type:"Nullable(DateTime64(3, 'UTC'))" doc:"by then nine of ten such customers have bought again, if active"`
	Expected90d       Null[float64] `col:"expected_purchases_90d" type:"Nullable(Float64)" doc:"expected purchase days in the next 90 days"`
	ExpectedSpend     Null[float64] `col:"expected_spend" type:"Nullable(Decimal(18, 4))" doc:"E[M]: expected value of a purchase day"`
	CLV365d           Null[float64] `col:"clv_365d" type:"Nullable(Decimal(18, 4))" doc:"expected discounted margin of the next 365 days"`
	ValueAtRisk       Null[float64] `col:"value_at_risk" type:"Nullable(Decimal(18, 4))" history:"y" doc:"(1 - p_alive) times clv_365d if alive; orders the queue"`

	ChurnRisk      Null[float64] `col:"churn_risk" type:"Nullable(Float64)" history:"y" doc:"risk score with all evidence, 0 to 1"`
	Level          Level         `col:"level" type:"LowCardinality(String)" history:"y" doc:"none, watch, at_risk, critical, lost"`
	LifecycleState Lifecycle     `col:"lifecycle_state" type:"LowCardinality(String)" history:"y" doc:"prospect, new, active, watch, at_risk, critical, lost, reactivated, closed"`
	LadderStage    Ladder        `col:"ladder_stage" type:"LowCardinality(String)" doc:"suspect, prospect, first, repeat, advocate"`
	ABCClass       string        `col:"abc_class" type:"LowCardinality(String)" doc:"A, B, C; empty while no cut points are in force"`
	Tier           string        `col:"tier" type:"LowCardinality(String)" doc:"value pyramid tier; empty while no cut points are in force"`
	ReasonCodes    []ReasonCode  `col:"reason_codes" type:"Array(LowCardinality(String))" history:"y" doc:"up to three reasons, strongest first"`

	Approximate       bool            `col:"approximate" type:"UInt8" doc:"1 where something may be missing: older than what is remembered, or beyond what a number here can hold"`
	DropoutIdentified bool            `col:"dropout_identified" type:"UInt8" doc:"0 where the model cannot tell silence from loss"`
	DataSufficiency   DataSufficiency `col:"data_sufficiency" type:"LowCardinality(String)" doc:"ok, few_customers, short_history, few_outcomes, no_fit"`
	Model             string          `col:"model" type:"LowCardinality(String)" doc:"purchase model"`
	ParamVersion      string          `col:"param_version" type:"LowCardinality(String)" history:"y" doc:"version of the parameters, joins model_params"`

	AsOf         Instant `col:"as_of" type:"DateTime64(3, 'UTC')" history:"y" doc:"the moment that the row describes: the later of the clock and what made the row"`
	Watermark    Instant `col:"watermark" type:"DateTime64(3, 'UTC')" doc:"the shard's clock reading"`
	ComputedAt   Instant `col:"computed_at" type:"DateTime64(3, 'UTC')" history:"y" doc:"wall time at which the row was computed"`
	SrcPartition uint16  `col:"src_partition" type:"UInt16" history:"y" doc:"the shard"`
	Seq          uint64  `col:"seq" type:"UInt64" history:"y" doc:"epoch << 36 | dense number within the shard; the row's version"`
	IsDeleted    bool    `col:"is_deleted" type:"UInt8" doc:"1 hides the customer"`
}

// AlertRow is one row of alert_event: a transition of an alert.
type AlertRow struct {
	AlertID          string        `col:"alert_id" type:"String" doc:"identity of the alert, from customer, kind and episode"`
	AlertSeq         uint32        `col:"alert_seq" type:"UInt32" doc:"1, 2, ... within the alert"`
	DedupKey         string        `col:"dedup_key" type:"String" doc:"<kind>/<alert_id>"`
	Family           string        `col:"family" type:"LowCardinality(String)" doc:"churn, loyalty, segment"`
	Kind             string        `col:"kind" type:"LowCardinality(String)" doc:"what the alert is about"`
	Action           Action        `col:"action" type:"LowCardinality(String)" doc:"raised, escalated, updated, resolved, expired"`
	CustomerID       []byte        `col:"customer_id" type:"String" doc:"the customer's id"`
	Segment          string        `col:"segment" type:"LowCardinality(String)" doc:"the customer's segment"`
	Level            Level         `col:"level" type:"LowCardinality(String)" doc:"level with this transition"`
	PreviousLevel    Level         `col:"previous_level" type:"LowCardinality(String)" doc:"level before it"`
	Score            Null[float64] `col:"score" type:"Nullable(Float64)" doc:"churn_risk, 0 to 1"`
	PAlive           Null[float64] `col:"p_alive" type:"Nullable(Float64)" doc:"probability of being still a customer"`
	ReasonCodes      []ReasonCode  `col:"reason_codes" type:"Array(LowCardinality(String))" doc:"up to three reasons, strongest first"`
	ReasonTexts      []string      `col:"reason_texts" type:"Array(String)" doc:"the reasons in words, made from their figures"`
	AtStake          Null[float64] `col:"at_stake" type:"Nullable(Decimal(18, 4))" doc:"value_at_risk in currency"`
	Currency         string        `col:"currency" type:"LowCardinality(String)" doc:"currency of at_stake"`
	Arm              string        `col:"arm" type:"LowCardinality(String)" doc:"treat or holdout"`
	SuppressedReason Suppression   `col:"suppressed_reason" type:"LowCardinality(String)" doc:"why it is recorded and not delivered; empty otherwise"`
	ResolveReason    ResolveReason `col:"resolve_reason" type:"LowCardinality(String)" doc:"why it was resolved; empty otherwise"`
	RaisedAt         Instant       `col:"raised_at" type:"DateTime64(3, 'UTC')" doc:"when the alert was raised"`
	AsOf             Instant       `col:"as_of" type:"DateTime64(3, 'UTC')" doc:"the moment of the transition"`
	ComputedAt       Instant       `col:"computed_at" type:"DateTime64(3, 'UTC')" doc:"wall time at which it was computed"`
	ParamVersion     string        `col:"param_version" type:"LowCardinality(String)" doc:"version of the parameters, joins model_params"`
	SrcPartition     uint16        `col:"src_partition" type:"UInt16" doc:"the shard"`
	Seq              uint64        `col:"seq" type:"UInt64" doc:"epoch << 36 | dense number within the shard"`
}

// ModelRow is one row of model_params: parameters in force.
type ModelRow struct {
	ParamVersion      string        `col:"param_version" type:"String" doc:"version of the parameters"`
	Model             string        `col:"model" type:"LowCardinality(String)" doc:"purchase, activity or spend model"`
	K                 uint32        `col:"k" type:"UInt32" doc:"regularity"`
	R                 Null[float64] `col:"r" type:"Nullable(Float64)" doc:"shape of the purchase rate"`
	Alpha             Null[float64] `col:"alpha" type:"Nullable(Float64)" doc:"scale of the purchase rate, weeks"`
	A                 Null[float64] `col:"a" type:"Nullable(Float64)" doc:"dropout, first beta parameter"`
	B                 Null[float64] `col:"b" type:"Nullable(Float64)" doc:"dropout, second beta parameter"`
	P                 Null[float64] `col:"p" type:"Nullable(Float64)" doc:"gamma-gamma p"`
	Q                 Null[float64] `col:"q" type:"Nullable(Float64)" doc:"gamma-gamma q"`
	Nu                Null[float64] `col:"nu" type:"Nullable(Float64)" doc:"gamma-gamma scale, major units of the currency"`
	Customers         uint64        `col:"n" type:"UInt64" doc:"customers fitted on; 0 where given by configuration"`
	LogLikelihood     Null[float64] `col:"log_likelihood" type:"Nullable(Float64)" doc:"at the optimum"`
	DropoutIdentified bool          `col:"dropout_identified" type:"UInt8" doc:"0 where the model cannot tell silence from loss"`
	FittedAt          Null[Instant] `col:"fitted_at" type:"Nullable(DateTime64(3, 'UTC'))" doc:"when fitted"`
	InForceFrom       Instant       `col:"in_force_from" type:"DateTime64(3, 'UTC')" doc:"wall time at which the shard began to use it"`
	ComputedAt        Instant       `col:"computed_at" type:"DateTime64(3, 'UTC')" doc:"wall time of the row"`
	SrcPartition      uint16        `col:"src_partition" type:"UInt16" doc:"the shard"`
	Seq               uint64        `col:"seq" type:"UInt64" doc:"epoch << 36 | dense number within the shard"`
}
