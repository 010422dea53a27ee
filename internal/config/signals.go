package config

// Score is the purchase model and the risk score.
type Score struct {
	Model   string             `yaml:"model" env:"HOLDFAST_SCORE_MODEL" enum:"mbg-nbd" meaning:"y" doc:"purchase model"`
	Horizon Duration           `yaml:"horizon" env:"HOLDFAST_SCORE_HORIZON" meaning:"y" doc:"how far ahead P(return) and the risk look, whole days"`
	Fit     bool               `yaml:"fit" env:"HOLDFAST_SCORE_FIT" doc:"fit the models to the customers once there are enough, then weekly; params and spend, where given, are in force instead"`
	Params  Params             `yaml:"params" meaning:"y" doc:"parameters of the purchase model in weeks: all four, or auto"`
	Spend   Spend              `yaml:"spend" meaning:"y" doc:"parameters of the spend model in major units: all three, or none (then the customer's own mean stands for it)"`
	Weights map[string]float64 `yaml:"weights" meaning:"y" doc:"reason code: weight of that evidence in log-odds; 0 switches it off; one of evidence that is not counted yet is refused"`
}

// Params are the parameters of the purchase model; the unit of time is the week.
type Params struct {
	R     float64 `yaml:"r" env:"HOLDFAST_SCORE_PARAMS_R" doc:"shape of the purchase rate over customers"`
	Alpha float64 `yaml:"alpha" env:"HOLDFAST_SCORE_PARAMS_ALPHA" doc:"scale of the purchase rate, weeks"`
	A     float64 `yaml:"a" env:"HOLDFAST_SCORE_PARAMS_A" doc:"dropout after a purchase, first Beta parameter"`
	B     float64 `yaml:"b" env:"HOLDFAST_SCORE_PARAMS_B" doc:"dropout after a purchase, second Beta parameter"`
}

// Given reports whether parameters are configured; without them the start values
// of an unfitted model are in force.
func (p Params) Given() bool { return p != Params{} }

// Spend are the parameters of the gamma-gamma spend model.
type Spend struct {
	P  float64 `yaml:"p" env:"HOLDFAST_SCORE_SPEND_P" doc:"shape of one purchase day's value"`
	Q  float64 `yaml:"q" env:"HOLDFAST_SCORE_SPEND_Q" doc:"shape over customers; the mean is finite above 1"`
	Nu float64 `yaml:"nu" env:"HOLDFAST_SCORE_SPEND_NU" doc:"scale over customers, major units of the currency"`
}

// Given reports whether parameters are configured.
func (s Spend) Given() bool { return s != Spend{} }

// Complaints says when a complaint counts as late.
type Complaints struct {
	FirstResponse Duration `yaml:"first_response" env:"HOLDFAST_COMPLAINTS_FIRST_RESPONSE" meaning:"y" doc:"time to the first response"`
	Resolution    Duration `yaml:"resolution" env:"HOLDFAST_COMPLAINTS_RESOLUTION" meaning:"y" doc:"time to the resolution"`
	Severe        Severe   `yaml:"severe" doc:"shorter times for severe complaints"`
	Hours         string   `yaml:"hours" env:"HOLDFAST_COMPLAINTS_HOURS" meaning:"y" doc:"hours in which these times run, such as mon-fri 09:00-17:00, sat 10:00-13:00; empty: around the clock. A time of 1d is then 24 of these hours"`
	Zone          string   `yaml:"zone" env:"HOLDFAST_COMPLAINTS_ZONE" meaning:"y" doc:"IANA time zone of hours; empty: time.business_zone"`
	Kinds         []string `yaml:"kinds" env:"HOLDFAST_COMPLAINTS_KINDS" meaning:"y" doc:"kinds of event that must be answered in time and count as repeated: complaint, dispute, return_request"`
}

// Severe are the times of severe complaints.
type Severe struct {
	From          int      `yaml:"from" env:"HOLDFAST_COMPLAINTS_SEVERE_FROM" meaning:"y" doc:"severity from which a complaint is severe, 1 to 5"`
	FirstResponse Duration `yaml:"first_response" env:"HOLDFAST_COMPLAINTS_SEVERE_FIRST_RESPONSE" meaning:"y" doc:"time to the first response"`
	Resolution    Duration `yaml:"resolution" env:"HOLDFAST_COMPLAINTS_SEVERE_RESOLUTION" meaning:"y" doc:"time to the resolution"`
}

// Alerts are the levels and the life of an alert.
type Alerts struct {
	Levels            Levels          `yaml:"levels" doc:"P(alive) at which a level is entered and left"`
	Dwell             Duration        `yaml:"dwell" env:"HOLDFAST_ALERTS_DWELL" meaning:"y" doc:"how long a level must hold before an alert is raised"`
	Cooldown          Duration        `yaml:"cooldown" env:"HOLDFAST_ALERTS_COOLDOWN" meaning:"y" doc:"quiet time of a customer and kind after an alert ended"`
	MaxEventAge       Duration        `yaml:"max_event_age" env:"HOLDFAST_ALERTS_MAX_EVENT_AGE" meaning:"y" doc:"alerts about moments older than this are recorded, never delivered"`
	StandingPerHour   int             `yaml:"standing_per_hour" env:"HOLDFAST_ALERTS_STANDING_PER_HOUR" doc:"how many customers a partition tells of in an hour who have been at risk since before the present was reached: after a backfill, the first fit, an outage; the highest value at risk first"`
	PublishSuppressed bool            `yaml:"publish_suppressed" env:"HOLDFAST_ALERTS_PUBLISH_SUPPRESSED" doc:"suppressed alerts are messages on the topics too, marked as such; without it they are rows only"`
	HoldoutPercent    float64         `yaml:"holdout_percent" env:"HOLDFAST_ALERTS_HOLDOUT_PERCENT" meaning:"y" doc:"percent of customers whose alerts are recorded and not delivered, to measure what delivery does"`
	HoldoutSalt       string          `yaml:"holdout_salt" env:"HOLDFAST_ALERTS_HOLDOUT_SALT" meaning:"y" doc:"another salt draws another holdout"`
	Plays             map[string]Play `yaml:"plays" meaning:"y" doc:"reason code: what the team is asked to do"`
}

// Levels are the P(alive) borders of the levels.
type Levels struct {
	Watch    Band    `yaml:"watch" env:"HOLDFAST_ALERTS_LEVELS_WATCH" meaning:"y" doc:"[enter below, leave above]"`
	AtRisk   Band    `yaml:"at_risk" env:"HOLDFAST_ALERTS_LEVELS_AT_RISK" meaning:"y" doc:"[enter below, or lower where many leave; leave above]"`
	Critical Band    `yaml:"critical" env:"HOLDFAST_ALERTS_LEVELS_CRITICAL" meaning:"y" doc:"[enter below, leave above]"`
	Lost     float64 `yaml:"lost" env:"HOLDFAST_ALERTS_LEVELS_LOST" meaning:"y" doc:"enter below, after at_risk has held the dwell; left by a purchase only"`
}

// Play is what a retention team is asked to do about an alert.
type Play struct {
	ID        string   `yaml:"play" doc:"stable name of the play"`
	Title     string   `yaml:"title" doc:"the play in words"`
	ActWithin Duration `yaml:"act_within" doc:"act_before is this long after the alert's moment"`
}

// Sinks are where signals go.
type Sinks struct {
	ClickHouse ClickHouse `yaml:"clickhouse" doc:"the result store"`
	Kafka      SinkTopics `yaml:"kafka" doc:"outgoing topics"`
}

// ClickHouse is the result store.
type ClickHouse struct {
	DSN         string   `yaml:"dsn" env:"HOLDFAST_CLICKHOUSE_DSN" secret:"dsn" doc:"http://, https:// or clickhouse:// address; empty switches ClickHouse off"`
	DSNFile     string   `yaml:"dsn_file" env:"HOLDFAST_CLICKHOUSE_DSN_FILE" doc:"file that holds the dsn, where it carries a password"`
	Database    string   `yaml:"database" env:"HOLDFAST_CLICKHOUSE_DATABASE" doc:"database of tables and views"`
	BatchRows   int      `yaml:"batch_rows" env:"HOLDFAST_CLICKHOUSE_BATCH_ROWS" doc:"rows of one insert at most"`
	InsertEvery Duration `yaml:"insert_every" env:"HOLDFAST_CLICKHOUSE_INSERT_EVERY" doc:"shortest time between two inserts into one table"`
}

// On reports whether ClickHouse is configured.
func (c ClickHouse) On() bool { return c.DSN != "" || c.DSNFile != "" }

// SinkTopics names the outgoing topics.
type SinkTopics struct {
	Alerts  string `yaml:"alerts" env:"HOLDFAST_SINKS_KAFKA_ALERTS" doc:"topic of churn alerts"`
	Loyalty string `yaml:"loyalty" env:"HOLDFAST_SINKS_KAFKA_LOYALTY" doc:"topic of loyalty alerts"`
	DLQ     string `yaml:"dlq" env:"HOLDFAST_SINKS_KAFKA_DLQ" doc:"topic of rejected records"`
}
