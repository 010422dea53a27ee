package config

import "time"

const (
	day  = Duration(24 * time.Hour)
	hour = Duration(time.Hour)
)

// Addresses of the embedded engines, in force while nothing else is configured.
const (
	EmbeddedBroker     = "127.0.0.1:9092"
	EmbeddedClickHouse = "http://127.0.0.1:8123"
)

// Default returns the configuration that is in force where neither file nor
// variable nor flag says otherwise. The comments give unit and reason. The
// instance id is left empty: the caller puts the host's name there.
func Default() Config {
	return Config{
		Version:  1,
		Kafka:    defaultKafka(),
		Mapping:  map[string]Mapping{},
		Time:     defaultTime(),
		Money:    Money{Currency: "EUR", MarginRatio: 0.3}, // ratio of net; a retail rule of thumb, replace by your own
		Segments: []string{"all"},
		// longer than a backfill that lives is silent, also where brokers are away for a while
		Backfill:   Backfill{MaxOpen: hour},
		Checkpoint: Checkpoint{MaxReplay: Duration(time.Minute)},
		Outbox:     Outbox{FlushEvery: Duration(2 * time.Second)}, // a customer changed often within it is one row
		Score:      defaultScore(),
		Complaints: defaultComplaints(),
		Alerts:     defaultAlerts(),
		Sinks: Sinks{
			ClickHouse: ClickHouse{
				DSN:         EmbeddedClickHouse,
				Database:    "holdfast",
				BatchRows:   50_000,                // rows; large parts merge cheaply, and this many fit in a few MiB
				InsertEvery: Duration(time.Second), // more often makes more parts than merges keep up with
			},
			Kafka: SinkTopics{Alerts: "holdfast.alerts.v1", Loyalty: "holdfast.loyalty.v1", DLQ: "holdfast.dlq.v1"},
		},
		Metrics: Metrics{PerPartition: true},
		Ops:     Ops{Listen: "127.0.0.1:9464"}, // loopback: metrics are not for everyone
	}
}

func defaultKafka() Kafka {
	return Kafka{
		Brokers: []string{EmbeddedBroker},
		Group:   "holdfast",
		Inputs: Inputs{
			Purchases:     "retail.purchases.v1",
			Visits:        "retail.visits.v1",
			Complaints:    "retail.complaints.v1",
			AlertFeedback: "holdfast.alert-feedback.v1",
			Erasures:      "holdfast.erasures.v1",
		},
		MaxRecordBytes: 1 << 20, // bytes; Kafka's own default limit of a record
		// an alert waits at most this long; more often costs broker round trips
		CommitEvery: Duration(200 * time.Millisecond),
		// bytes of input; bounds what is held until a commit's outcome is known
		CommitBytes: 64 << 20,
		Partitions:  6, // divides by 1, 2, 3 and 6 instances
		// a crashed instance's transaction blocks readers and a successor this long, and up to 10 s until the broker looks
		TransactionTime: Duration(20 * time.Second),
	}
}

func defaultTime() Time {
	return Time{
		Clock:           "honest",
		InputQuietAfter: 12 * hour, // a night; less than a day, after which purchases that are missing are silence
		AllowedLateness: hour,      // sources that load once a night are covered by the dwell
		BusinessZone:    "UTC",
		// more than clocks drift that are kept in step, less than anything that is concluded
		ClockTolerance: Duration(2 * time.Minute),
		MaxFuture:      hour, // clocks of tills and phones differ by less
		MinEventTime:   Date{time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
}

func defaultScore() Score {
	return Score{
		Model:   "mbg-nbd",
		Fit:     true,
		Horizon: 90 * day,
		// In log-odds. Only an open complaint past its time has data behind it;
		// the rest is off until a back-test shows a gain.
		Weights: map[string]float64{"OPEN_COMPLAINT": 1.3},
	}
}

func defaultComplaints() Complaints {
	return Complaints{
		FirstResponse: 24 * hour,
		Resolution:    5 * day,
		Severe:        Severe{From: 4, FirstResponse: 4 * hour, Resolution: 2 * day},
		// Sending something back within its time is no complaint.
		Kinds: []string{"complaint", "dispute"},
	}
}

func defaultAlerts() Alerts {
	return Alerts{
		// P(alive): enter below, leave above. 0.50 and 0.30 gave about 0.5 and
		// 0.2 false onsets per active customer and year in simulation.
		Levels: Levels{
			Watch:    Band{0.50, 0.60},
			AtRisk:   Band{0.30, 0.40},
			Critical: Band{0.30, 0.50},
			Lost:     0.03,
		},
		Dwell:           24 * hour, // covers sources that load once a night
		Cooldown:        14 * day,
		MaxEventAge:     48 * hour, // a replay must not be able to page anybody
		StandingPerHour: 3600,      // one a second: a queue of 100,000 over eight partitions within four hours
		HoldoutPercent:  5,
		HoldoutSalt:     "1",
		Plays:           map[string]Play{},
	}
}
