package outbox

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Config says what is loaded and how. Topics and group are required, the rest
// has defaults.
type Config struct {
	OutboxTopic     string
	DeadLetterTopic string
	Group           string // consumer group of this sink alone

	BatchRows     int           // an insert is made at that many rows (0: 50,000)
	InsertEvery   time.Duration // or when the oldest has waited so long (0: 1 s)
	InsertTimeout time.Duration // of one insert; an answer that is late is no answer (0: 60 s)
	StopTimeout   time.Duration // for what is in hand at a stop or revoke (0: 10 s)
	QueueBytes    int64         // of outbox records waiting per partition, packed (0: 8 MiB)
	PendingBytes  int64         // of rows joined and not yet loaded, over all partitions (0: 64 MiB, some 20,000 rows)
	Waits         Waits
}

// Waits are the times between attempts. Whatever was wrong, rows flow some
// seconds after it is put right.
type Waits struct {
	Least, Most   time.Duration // they grow from the least to the most (0: 200 ms, 5 s)
	Busy          time.Duration // at least, after Busy (0: 1 s)
	Configuration time.Duration // after Configuration (0: 2 s)
	Trust         time.Duration // in a store that passed Check, while no insert fails (0: 1 min)
	Look          time.Duration // between looks at the store, also while nothing is inserted (0: 10 s)
}

// Deps is what the loader works with. All but Log and Registerer are required.
type Deps struct {
	// Kafka has brokers, TLS, SASL, client id and whatever else belongs to the
	// installation; group, topics and isolation are set by the loader.
	Kafka      []kgo.Opt
	Sink       Sink
	Registerer prometheus.Registerer // nil: metrics are kept nowhere
	Log        *slog.Logger          // nil: silence
	Now        func() time.Time      // nil: time.Now
}

// ErrConfig says that a required part of Config or Deps is missing.
var ErrConfig = errors.New("loader configuration is incomplete")

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
	setDefault(&c.Waits.Least, 200*time.Millisecond)
	setDefault(&c.Waits.Most, 5*time.Second)
	setDefault(&c.Waits.Busy, time.Second)
	setDefault(&c.Waits.Configuration, 2*time.Second)
	setDefault(&c.Waits.Trust, time.Minute)
	setDefault(&c.Waits.Look, 10*time.Second)
	return c, nil
}

func setDefault[T int | int64 | time.Duration](value *T, otherwise T) {
	if *value <= 0 {
		*value = otherwise
	}
}

func (d Deps) complete() (Deps, error) {
	if d.Sink == nil || len(d.Kafka) == 0 {
		return d, fmt.Errorf("%w: no sink, or no connection to Kafka", ErrConfig)
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
