package clickhouse

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Config says what is loaded and how. Topics and group are required, the rest
// has defaults.
type Config struct {
	OutboxTopic     string
	DeadLetterTopic string
	Group           string // of the process; the loader's own is Group + "-load"

	BatchRows     int           // an insert is made at that many rows (0: 50,000)
	InsertEvery   time.Duration // or when the oldest has waited so long (0: 1 s)
	InsertTimeout time.Duration // of one insert; an answer that is late is no answer (0: 60 s)
	StopTimeout   time.Duration // for what is in hand at a stop or revoke (0: 10 s)
	QueueBytes    int64         // of outbox records waiting per partition, packed (0: 8 MiB)
	PendingBytes  int64         // of rows joined and not yet loaded, over all partitions (0: 64 MiB, some 20,000 rows)
}

// Deps is what the loader works with. All but Log and Registerer are required.
type Deps struct {
	// Kafka has brokers, TLS, SASL, client id and whatever else belongs to the
	// installation; group, topics and isolation are set by the loader.
	Kafka []kgo.Opt
	// ClickHouse is open on the database with the tables. The caller closes it
	// after Run has returned.
	ClickHouse driver.Conn
	Registerer prometheus.Registerer // nil: metrics are kept nowhere
	Log        *slog.Logger          // nil: silence
	Now        func() time.Time      // nil: time.Now
}

// ErrConfig says that a required part of Config or Deps is missing.
var ErrConfig = errors.New("loader configuration is incomplete")

// LoadGroup is the name of the consumer group that loads for a processing group.
func LoadGroup(group string) string { return group + "-load" }

func (c Config) complete() (Config, error) {
	for _, required := range []struct{ name, value string }{
		{"outbox topic", c.OutboxTopic}, {"dead-letter topic", c.DeadLetterTopic}, {"group", c.Group},
	} {
		if required.value == "" {
			return c, fmt.Errorf("%w: no %s", ErrConfig, required.name)
		}
	}
	setDefault(&c.BatchRows, 50_000)
	setDefault(&c.InsertEvery, time.Second)
	setDefault(&c.InsertTimeout, time.Minute)
	setDefault(&c.StopTimeout, 10*time.Second)
	setDefault(&c.QueueBytes, 8<<20)
	setDefault(&c.PendingBytes, 64<<20)
	return c, nil
}

func setDefault[T int | int64 | time.Duration](value *T, otherwise T) {
	if *value <= 0 {
		*value = otherwise
	}
}

func (d Deps) complete() (Deps, error) {
	if d.ClickHouse == nil || len(d.Kafka) == 0 {
		return d, fmt.Errorf("%w: no connection to ClickHouse or Kafka", ErrConfig)
	}
	if d.Registerer == nil {
		d.Registerer = prometheus.NewRegistry()
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return d, nil
}
