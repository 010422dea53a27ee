package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

// take writes events while the program is stopped, starts it, and measures from
// the first committed offset that has moved to the last.
func (s *shipped) take(title string, write func(context.Context) (stretch, error)) error {
	events, err := write(s.ctx)
	if err != nil {
		return err
	}
	c := command{Events: int(events.Events), From: events.from, To: events.to}
	first, err := s.fetchBare(c, events)
	if err != nil {
		return err
	}
	r, held, err := s.consume(events)
	if err != nil {
		return err
	}
	last, err := s.fetchBare(c, events)
	if err != nil {
		return err
	}
	now, err := s.check(title, events)
	if err != nil {
		return err
	}
	line := shippedLine{title: title, memory: held, rows: float64(now.rows-s.before.rows) / float64(events.Events),
		alerts: float64(now.counters.AlertsRaised-s.before.counters.AlertsRaised) / float64(events.Events)}
	line.result = r
	line.bareRate = float64(first.Events+last.Events) / (first.Seconds + last.Seconds)
	line.bareCPU = (first.CPU + last.CPU) / float64(first.Events+last.Events)
	s.before = now
	s.lines = append(s.lines, line)
	fmt.Println(line.String())
	return nil
}

func (s *shipped) fetchBare(c command, want stretch) (result, error) {
	r, err := s.bare.ask(s.ctx, c)
	if err == nil && (r.Events != want.Events || r.Bytes != want.Bytes) {
		err = fmt.Errorf("bare fetch: %d records of %d bytes, want %d of %d", r.Events, r.Bytes, want.Events, want.Bytes)
	}
	return r, err
}

// consume runs the program until all of a stretch is committed, and stops it.
func (s *shipped) consume(events stretch) (r result, held memory, err error) {
	target, base := sumOf(events.to), sumOf(events.from)
	began, beganAt, beganCPU := time.Now(), base, 0.0
	if _, err := s.program.start(s.ctx, "--clickhouse", "off"); err != nil {
		return r, held, err
	}
	for {
		at, err := s.committed()
		if err != nil {
			return r, held, err
		}
		now := time.Now()
		cpu, err := s.program.cpuSeconds()
		if err != nil {
			return r, held, err
		}
		if at > base && beganAt == base && at < target { // joining the group is not measured
			began, beganAt, beganCPU = now, at, cpu
		}
		if at >= target {
			r.Events, r.Seconds, r.CPU = target-beganAt, now.Sub(began).Seconds(), cpu-beganCPU
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if held, err = s.program.memory(s.ctx); err != nil {
		return r, held, err
	}
	return r, held, s.program.stop()
}

func sumOf(ends map[string][]int64) (sum int64) {
	for _, byPartition := range ends {
		for _, offset := range byPartition {
			sum += offset
		}
	}
	return sum
}

// committed adds up the program's offsets in the inputs that are written here.
func (s *shipped) committed() (sum int64, err error) {
	offsets, err := kadm.NewClient(s.loader.client).FetchOffsets(s.ctx, "bench")
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) { // the program has not joined yet
		return 0, fmt.Errorf("read the committed offsets: %w", err)
	}
	for _, topic := range inputsOf(s.loader.names) {
		for _, o := range offsets[topic] {
			sum += max(o.At, 0)
		}
	}
	return sum, nil
}

// check holds the batch log against what was written.
func (s *shipped) check(title string, want stretch) (logged, error) {
	now, err := lastEntries(s.ctx, s.loader.client, s.loader.names[topics.BatchLog])
	if err != nil {
		return now, err
	}
	c, b := &now.counters, &s.before.counters
	for _, e := range []struct {
		what      string
		got, want int64
	}{
		{"read", int64(c.Read - b.Read), want.Events}, {"applied", int64(c.Applied - b.Applied), want.Events},
		{"duplicates, late, rejected", int64(c.Duplicates + c.TooLate + c.Rejected), 0},
	} {
		if e.got != e.want {
			s.wrong = append(s.wrong, fmt.Sprintf("%s: %s %d, want %d", title, e.what, e.got, e.want))
		}
	}
	if raised := int64(c.AlertsRaised - b.AlertsRaised); raised < int64(want.alerts) {
		s.wrong = append(s.wrong, fmt.Sprintf("%s: %d alerts, want at least %d", title, raised, want.alerts))
	}
	return now, nil
}

// timeAlerts writes at a steady rate, and times each second complaint of a
// customer until its alert can be read.
func (s *shipped) timeAlerts() error {
	if _, err := s.program.start(s.ctx, "--clickhouse", "off"); err != nil {
		return err
	}
	w, err := s.watchAlerts()
	if err != nil {
		return err
	}
	events, err := s.drip(w)
	if err != nil {
		return err
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		at, err := s.committed()
		if err != nil {
			return err
		}
		if at >= sumOf(events.to) && w.waiting() == 0 || time.Since(began) > 10*time.Second {
			break
		}
	}
	took := w.stop()
	if err := s.program.stop(); err != nil {
		return err
	}
	if s.before, err = s.check("latency", events); err != nil {
		return err
	}
	if missing := w.waiting(); missing > 0 || len(took) == 0 {
		s.wrong = append(s.wrong, fmt.Sprintf("latency: %d alerts did not come, %d did", missing, len(took)))
		return nil
	}
	slices.Sort(took)
	at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(100 * time.Microsecond) }
	s.note("from an event to its alert, %d events/s for %d s, %d alerts: p50 %s, p90 %s, p99 %s, most %s",
		s.o.rate, s.o.seconds, len(took), at(.5), at(.9), at(.99), at(1))
	return nil
}

// drip writes events at the rate, as they happen.
func (s *shipped) drip(w *alertWatch) (events stretch, err error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(s.addrs...), kgo.ProducerLinger(0),
		kgo.ProducerBatchCompression(kgo.Lz4Compression()))
	if err != nil {
		return events, fmt.Errorf("make a client: %w", err)
	}
	defer client.Close()
	l := s.loader
	if events.from, err = l.ends(s.ctx); err != nil {
		return events, err
	}
	kinds := []event.Type{event.Visit, event.Visit, event.Visit, event.Purchase, event.Complaint}
	topicOf := map[event.Type]string{}
	for _, in := range inputs {
		topicOf[in.kind] = l.names[in.key]
	}
	began := time.Now()
	for i := range s.o.rate * s.o.seconds {
		if i%50 == 0 {
			time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(s.o.rate))))
		}
		now := time.Now()
		customer := uint64(i*7919) % uint64(s.o.customers)
		kind := kinds[i%len(kinds)]
		if kind == event.Complaint {
			customer %= max(uint64(s.o.customers/20), 1) // so that many complain twice
		}
		item := l.load.Make(kind, customer, event.Instant(now.UnixMicro()))
		if alerts := l.count(&events.tally, &item); alerts > 0 {
			events.alerts += alerts
			w.expect(string(item.Key), now)
		}
		client.Produce(s.ctx, &kgo.Record{Topic: topicOf[kind], Key: item.Key, Value: item.Value}, l.produced)
	}
	if err := client.Flush(s.ctx); err != nil {
		return events, fmt.Errorf("write the input: %w", err)
	}
	l.life.add(events.tally)
	events.to, err = l.ends(s.ctx)
	return events, err
}

// alertWatch reads alerts as they come.
type alertWatch struct {
	client *kgo.Client
	done   chan struct{}
	mu     sync.Mutex
	sent   map[string]time.Time // by customer, whose alert has not come
	took   []time.Duration
}

func (s *shipped) watchAlerts() (*alertWatch, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(s.addrs...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeTopics(s.loader.names[topics.Alerts]), kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()),
		kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	w := &alertWatch{client: client, done: make(chan struct{}), sent: map[string]time.Time{}}
	go func() {
		defer close(w.done)
		for {
			fetches := client.PollFetches(s.ctx)
			if fetches.IsClientClosed() || s.ctx.Err() != nil {
				return
			}
			now := time.Now()
			fetches.EachRecord(func(r *kgo.Record) {
				if strings.Contains(string(r.Value), `"complaint_repeat"`) {
					w.came(string(r.Key), now)
				}
			})
		}
	}()
	time.Sleep(time.Second) // until it stands at the end
	return w, nil
}

func (w *alertWatch) expect(customer string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent[customer] = at
}

func (w *alertWatch) came(customer string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if sent, ok := w.sent[customer]; ok {
		w.took = append(w.took, at.Sub(sent))
		delete(w.sent, customer)
	}
}

func (w *alertWatch) waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sent)
}

func (w *alertWatch) stop() []time.Duration {
	w.client.Close()
	<-w.done
	return w.took
}

// timeRestarts kills the program and starts it with all cores, again and again.
func (s *shipped) timeRestarts() error {
	pinned := s.program.pinned
	s.program.pinned = false
	defer func() { s.program.pinned = pinned }()
	var took []float64
	for range max(s.o.rounds, 1) + 1 {
		d, err := s.program.start(s.ctx, "--clickhouse", "off")
		if err != nil {
			return err
		}
		took = append(took, d.Seconds())
		s.program.kill()
	}
	took = took[1:] // the first followed a clean stop
	slices.Sort(took)
	s.note("SIGKILL to READY with %d customers, all cores: %.2f s (%.2f–%.2f)", s.o.customers, median(took), took[0],
		took[len(took)-1])
	return nil
}

// loadRows lets the loader alone put what lies in the outbox into ClickHouse.
func (s *shipped) loadRows() error {
	dir, err := os.MkdirTemp("", "holdfast-bench-")
	if err != nil {
		return fmt.Errorf("make a folder for the engine: %w", err)
	}
	defer os.RemoveAll(dir)
	engine, err := devclickhouse.StartProcess(s.ctx, devclickhouse.Options{DataDir: dir})
	if err != nil {
		s.note("rows into ClickHouse: not measured: %v", err)
		return nil
	}
	defer engine.Close()
	environment := "HOLDFAST_CLICKHOUSE_DSN=http://" + engine.Addr()
	if err := s.program.once(environment, "migrate", "up", "--tables", "--brokers",
		strings.Join(s.addrs, ",")); err != nil {
		return err
	}
	return s.loadInto(environment)
}

func (s *shipped) loadInto(environment string) error {
	began := time.Now()
	if err := s.program.launch([]string{environment}, "--roles", "load"); err != nil {
		return err
	}
	ends, err := kadm.NewClient(s.loader.client).ListEndOffsets(s.ctx, s.loader.names[topics.Outbox])
	if err != nil {
		return fmt.Errorf("find the outbox's end: %w", err)
	}
	for done := false; !done; time.Sleep(10 * time.Millisecond) {
		offsets, err := kadm.NewClient(s.loader.client).FetchOffsets(s.ctx, "bench-load")
		if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			return fmt.Errorf("read the loader's offsets: %w", err)
		}
		done = true
		ends.Each(func(end kadm.ListedOffset) {
			o, _ := offsets.Lookup(end.Topic, end.Partition)
			done = done && (o.At >= end.Offset || end.Offset == 0)
		})
		if time.Since(began) > 10*time.Minute {
			return fmt.Errorf("load the rows: not done after %s", time.Since(began).Round(time.Second))
		}
	}
	took := time.Since(began).Seconds()
	cpu, err := s.program.cpuSeconds()
	if err != nil {
		return err
	}
	held, err := s.program.memory(s.ctx)
	if err != nil {
		return err
	}
	rows := float64(s.before.rows)
	s.note("loader alone, %.0f rows of the outbox into ClickHouse: %.0fk rows/s, %.0fk rows per core-second, resident "+
		"at most %d MB",
		rows, rows/took/1e3, rows/cpu/1e3, held.peak>>20)
	return s.program.stop()
}
