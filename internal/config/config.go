// Package config is the configuration: one typed struct, read strictly from a
// YAML file, overridden by environment variables and then by flags, checked as
// a whole so that all problems are reported at once with their lines.
//
// Load is pure: it is given the file's bytes, the environment as a map and the
// flags as a map, and reads nothing itself. Only cmd/holdfast knows where those
// come from. Keys, defaults and their reasons are in Default; the tags of the
// struct carry the variable that overrides a key (env), its description (doc)
// and whether it changes what the same input means (meaning), see Hash.
package config

// Config is everything that can be configured. The zero value is not useful;
// start from Default.
type Config struct {
	Version    int                `yaml:"version" doc:"version of this file's layout; 1"`
	Kafka      Kafka              `yaml:"kafka" doc:"where events come from and how work is committed"`
	Mapping    map[string]Mapping `yaml:"mapping" meaning:"y" doc:"per input (purchases, visits, complaints): how foreign field names, amounts and times become ours"`
	Time       Time               `yaml:"time" doc:"the clock and the calendar"`
	Money      Money              `yaml:"money" doc:"currency and margin"`
	Segments   []string           `yaml:"segments" env:"HOLDFAST_SEGMENTS" meaning:"y" doc:"closed list of segments, at most 32; the first is the default"`
	State      State              `yaml:"state" doc:"what is remembered of a customer"`
	Backfill   Backfill           `yaml:"backfill" doc:"files of past events that are sent while Holdfast runs"`
	Checkpoint Checkpoint         `yaml:"checkpoint" doc:"how far back a restart reads"`
	Outbox     Outbox             `yaml:"outbox" doc:"rows on their way to ClickHouse"`
	Score      Score              `yaml:"score" doc:"the purchase model and the risk score"`
	Complaints Complaints         `yaml:"complaints" doc:"when a complaint counts as late"`
	Alerts     Alerts             `yaml:"alerts" doc:"levels and the life of an alert"`
	Sinks      Sinks              `yaml:"sinks" doc:"where signals go"`
	Metrics    Metrics            `yaml:"metrics" doc:"Prometheus metrics"`
	Ops        Ops                `yaml:"ops" doc:"the HTTP listener for probes, metrics and what is known of a customer"`
}

// Kafka says where the events come from and how work is committed.
type Kafka struct {
	Brokers         []string `yaml:"brokers" env:"HOLDFAST_KAFKA_BROKERS" doc:"host:port of brokers to begin with"`
	Group           string   `yaml:"group" env:"HOLDFAST_KAFKA_GROUP" doc:"consumer group; the loader's is <group>-load"`
	InstanceID      string   `yaml:"instance_id" env:"HOLDFAST_KAFKA_INSTANCE_ID" doc:"static membership and transactional id <group>-<instance_id>; empty means the host's name"`
	Inputs          Inputs   `yaml:"inputs" meaning:"y" doc:"topics that events are read from; equal partition counts"`
	MaxRecordBytes  Size     `yaml:"max_record_bytes" env:"HOLDFAST_KAFKA_MAX_RECORD_BYTES" meaning:"y" doc:"size of a record's value above which it is rejected as too_large"`
	CommitEvery     Duration `yaml:"commit_every" env:"HOLDFAST_KAFKA_COMMIT_EVERY" doc:"longest time between two transactions"`
	CommitBytes     Size     `yaml:"commit_bytes" env:"HOLDFAST_KAFKA_COMMIT_BYTES" doc:"input after which a transaction is committed earlier"`
	Partitions      int      `yaml:"partitions" env:"HOLDFAST_KAFKA_PARTITIONS" doc:"partition count of the topics that migrate creates; fixed for good afterwards"`
	Replication     int      `yaml:"replication" env:"HOLDFAST_KAFKA_REPLICATION" doc:"replication factor of the topics that migrate creates; 0 means 3, or as many as there are brokers"`
	TransactionTime Duration `yaml:"transaction_timeout" env:"HOLDFAST_KAFKA_TRANSACTION_TIMEOUT" doc:"time after which the broker aborts a transaction whose owner is gone"`
	TLS             TLS      `yaml:"tls" doc:"transport security"`
	SASL            SASL     `yaml:"sasl" doc:"login"`
}

// Inputs names the input topics. An empty name leaves that input out.
type Inputs struct {
	Purchases     string `yaml:"purchases" env:"HOLDFAST_KAFKA_INPUTS_PURCHASES" doc:"topic of purchases"`
	Visits        string `yaml:"visits" env:"HOLDFAST_KAFKA_INPUTS_VISITS" doc:"topic of visits"`
	Complaints    string `yaml:"complaints" env:"HOLDFAST_KAFKA_INPUTS_COMPLAINTS" doc:"topic of complaints"`
	AlertFeedback string `yaml:"alert_feedback" env:"HOLDFAST_KAFKA_INPUTS_ALERT_FEEDBACK" doc:"topic of what retention teams answer to alerts"`
	Erasures      string `yaml:"erasures" env:"HOLDFAST_KAFKA_INPUTS_ERASURES" doc:"topic of erasure requests"`
}

// TLS is transport security to the brokers.
type TLS struct {
	Enabled    bool   `yaml:"enabled" env:"HOLDFAST_KAFKA_TLS_ENABLED" doc:"encrypt with the system's certificate authorities; implied by any of the files"`
	CAFile     string `yaml:"ca_file" env:"HOLDFAST_KAFKA_TLS_CA_FILE" doc:"certificate authorities, PEM"`
	CertFile   string `yaml:"cert_file" env:"HOLDFAST_KAFKA_TLS_CERT_FILE" doc:"client certificate, PEM"`
	KeyFile    string `yaml:"key_file" env:"HOLDFAST_KAFKA_TLS_KEY_FILE" doc:"client key, PEM"`
	ServerName string `yaml:"server_name" env:"HOLDFAST_KAFKA_TLS_SERVER_NAME" doc:"name that the broker's certificate must carry, where it is not the host dialled"`
}

// On reports whether connections are encrypted.
func (t TLS) On() bool {
	return t.Enabled || t.CAFile != "" || t.CertFile != "" || t.KeyFile != ""
}

// SASL is the login at the brokers.
type SASL struct {
	Mechanism    string `yaml:"mechanism" env:"HOLDFAST_KAFKA_SASL_MECHANISM" enum:",scram-sha-512,scram-sha-256,plain" doc:"how to log in; empty means not at all"`
	User         string `yaml:"user" env:"HOLDFAST_KAFKA_SASL_USER" doc:"user name"`
	PasswordFile string `yaml:"password_file" env:"HOLDFAST_KAFKA_SASL_PASSWORD_FILE" doc:"file that holds the password"`
}

// Mapping turns one input's records into our schema, before they are checked.
// Keys that came later are left out of the hash where they are not given, so
// that it stays that of the same mapping before.
type Mapping struct {
	Fields    map[string]string   `yaml:"fields" doc:"our field: the name it has in the record"`
	Constants map[string]Constant `yaml:"constants" doc:"our field: the value it has in every record, whatever the record says"`
	Amounts   string              `yaml:"amounts" enum:",minor,decimal" doc:"minor: integers in minor units (the default); decimal: texts or numbers in major units"`
	Refunds   string              `yaml:"refunds" enum:",positive,negative" doc:"sign of refunds in the record; positive by default"`
	Times     []string            `yaml:"times" json:",omitempty" doc:"forms of all times in the record, tried in order: rfc3339 (the default), epoch_s, epoch_ms, epoch_us, epoch_ns, local (no offset), date (12:00 of it), or a layout that writes 2 January 2006 15:04:05 -0700, such as 02.01.2006 15:04"`
	TimeZone  string              `yaml:"time_zone" json:",omitempty" doc:"IANA time zone of times without an offset; time.business_zone by default"`
}

// Time is the clock and the calendar.
type Time struct {
	Clock           string   `yaml:"clock" env:"HOLDFAST_TIME_CLOCK" enum:"honest,events" doc:"honest: silence counts once everything that had reached Kafka is applied; events: time follows the events too, for replays and back-tests"`
	AllowedLateness Duration `yaml:"allowed_lateness" env:"HOLDFAST_TIME_ALLOWED_LATENESS" meaning:"y" doc:"how much later than its event time an event may reach Kafka before silence is judged without it"`
	BusinessZone    string   `yaml:"business_zone" env:"HOLDFAST_TIME_BUSINESS_ZONE" meaning:"y" doc:"IANA time zone in which days begin"`
	MaxFuture       Duration `yaml:"max_future" env:"HOLDFAST_TIME_MAX_FUTURE" meaning:"y" doc:"how far an event time may lie after its record's timestamp, and after the wall time at which it is counted"`
	ClockTolerance  Duration `yaml:"clock_tolerance" env:"HOLDFAST_TIME_CLOCK_TOLERANCE" doc:"by how much the host's clock may differ from the brokers' and from its own monotonic one before no more is concluded"`
	InputQuietAfter Duration `yaml:"input_quiet_after" env:"HOLDFAST_TIME_INPUT_QUIET_AFTER" doc:"least pause after which an input that has paused for three of its longest pauses counts as broken off, while another one flows: nothing is concluded then from what it does not bring; 0: never"`
	MinEventTime    Date     `yaml:"min_event_time" env:"HOLDFAST_TIME_MIN_EVENT_TIME" meaning:"y" doc:"first day that an event time may have, UTC"`
}

// Money is the currency and what of a sale is earned.
type Money struct {
	Currency    string  `yaml:"currency" env:"HOLDFAST_MONEY_CURRENCY" meaning:"y" doc:"ISO 4217 code of the one currency that sums are kept in"`
	MarginRatio float64 `yaml:"margin_ratio" env:"HOLDFAST_MONEY_MARGIN_RATIO" meaning:"y" doc:"margin as a part of net revenue where an event carries none, 0 to 1"`
}

// State will bound what is remembered of a customer; its keys are planned.
type State struct{}

// Backfill says how sessions of backfills are treated.
type Backfill struct {
	MaxOpen Duration `yaml:"max_open" env:"HOLDFAST_BACKFILL_MAX_OPEN" doc:"how long silence waits for a backfill that gives no sign of life any more"`
}

// Checkpoint says how far back a restart reads.
type Checkpoint struct {
	MaxReplay Duration `yaml:"max_replay" env:"HOLDFAST_CHECKPOINT_MAX_REPLAY" doc:"input that a restart after a crash replays at most; no page stays unwritten longer"`
}

// Outbox is the way of rows to ClickHouse.
type Outbox struct {
	FlushEvery Duration `yaml:"flush_every" env:"HOLDFAST_OUTBOX_FLUSH_EVERY" doc:"how often changed customers are written as rows"`
}

// Metrics says which metrics are offered.
type Metrics struct {
	PerPartition bool `yaml:"per_partition" env:"HOLDFAST_METRICS_PER_PARTITION" doc:"offer metrics with a partition label"`
}

// Ops is the HTTP listener for probes and metrics.
type Ops struct {
	Listen    string `yaml:"listen" env:"HOLDFAST_OPS_LISTEN" doc:"host:port of /livez, /readyz, /startupz, /metrics and /customers/{id}; empty switches it off"`
	Pprof     bool   `yaml:"pprof" env:"HOLDFAST_OPS_PPROF" doc:"serve /debug/pprof behind the token"`
	TokenFile string `yaml:"token_file" env:"HOLDFAST_OPS_TOKEN_FILE" doc:"file that holds the bearer token for /customers/{id} and /debug/pprof; without one customers are told of on a loopback address alone"`
}
