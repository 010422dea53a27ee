package conformance

import (
	"context"
	"errors"
	"math/rand/v2"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox"
)

// contract: names, tables, and the class of an error that nobody knows.
func contract(s *suite) {
	sink := s.store.Sink()
	if !regexp.MustCompile(`^[a-z]+$`).MatchString(sink.Name()) {
		s.T.Errorf("the name %q is no lower case word", sink.Name())
	}
	seen := map[string]bool{}
	for _, of := range []signal.Table{signal.TableCustomer, signal.TableAlert, signal.TableModel, signal.TableQuality} {
		names := sink.Tables(of)
		if len(names) == 0 {
			s.T.Errorf("rows of %s go nowhere", of)
		}
		for _, name := range names {
			if seen[name] {
				s.T.Errorf("table %s takes rows of two kinds", name)
			}
			seen[name] = true
		}
	}
	if names := sink.Tables(signal.Table(200)); len(names) != 0 {
		s.T.Errorf("rows of an unknown table go to %v", names)
	}
	if err := sink.Check(s.T.Context()); err != nil {
		s.T.Errorf("a store that is right: %v", err)
	}
	failure := sink.Classify(errors.New("never heard of"))
	if failure.Class != outbox.Ambiguous || failure.Text == "" || failure.Fix == "" {
		s.T.Errorf("an unknown error is classified as %+v", failure)
	}
}

// rowsArrive: all of them, once, and in silence.
func rowsArrive(s *suite) {
	for i := range 6 {
		s.Customers(int32(i%Partitions), uint16(i%3), 50, nil)
		s.Alerts(int32(i%Partitions), uint16(10+i%3), 5)
	}
	stop := s.Running(s.Loader(s.store.Sink(), nil))
	s.AwaitLoaded()
	stop()
	for shard := range uint16(3) {
		s.checkRows(signal.TableCustomer, shard, 1, 100)
		s.checkRows(signal.TableAlert, 10+shard, 1, 10)
	}
	s.noLetters()
	if s.Log.String() != "" {
		s.T.Errorf("normal operation is not silent:\n%s", s.Log)
	}
}

// repetition: whole, in parts and with others, in any order, a row is one row.
func repetition(s *suite) {
	const blocks, each = 4, 25
	sink, random := s.store.Sink(), rand.New(rand.NewPCG(7, 24))
	rows := sink.NewRows(signal.TableCustomer)
	for i := range blocks {
		block := score.NewCustomerBlock(Euros)
		for n := range each {
			block.Append(CustomerRow(1, uint64(i*each+n+1)))
		}
		decoded, err := signal.Decode(block.Encode(nil))
		if err == nil {
			err = rows.Add(decoded)
		}
		if err != nil {
			s.T.Fatal(err)
		}
	}
	for _, table := range sink.Tables(signal.TableCustomer) {
		for i := range 20 {
			from := random.IntN(blocks * each)
			b := outbox.Batch{Table: table, Rows: rows, From: from, To: from + 1 + random.IntN(blocks*each-from)}
			if i == 10 {
				b.From, b.To = 0, blocks*each
			}
			if err := sink.Insert(s.T.Context(), b); err != nil {
				s.T.Fatal(err)
			}
		}
	}
	s.checkRows(signal.TableCustomer, 1, 1, blocks*each)
}

// between is a sink with faults before and after its inserts.
type between struct {
	outbox.Sink
	before, after func(context.Context, outbox.Batch) error
}

func (b between) Insert(ctx context.Context, batch outbox.Batch) error {
	if b.before != nil {
		if err := b.before(ctx, batch); err != nil {
			return err
		}
	}
	if err := b.Sink.Insert(ctx, batch); err != nil {
		return err
	}
	if b.after != nil {
		return b.after(ctx, batch)
	}
	return nil
}

// lostAnswers: the store has the rows and the loader hears nothing, or the other
// way round.
func lostAnswers(s *suite) {
	var before, after atomic.Int32
	lose := func(count *atomic.Int32) func(context.Context, outbox.Batch) error {
		return func(context.Context, outbox.Batch) error {
			if count.Add(1)%3 == 0 {
				return errors.New("the answer is lost")
			}
			return nil
		}
	}
	for i := range 8 {
		s.Customers(int32(i%Partitions), uint16(i%2), 25, nil)
	}
	s.Running(s.Loader(between{s.store.Sink(), lose(&before), lose(&after)}, func(c *outbox.Config) { c.BatchRows = 20 }))
	s.AwaitLoaded()
	s.checkRows(signal.TableCustomer, 0, 1, 100)
	s.checkRows(signal.TableCustomer, 1, 1, 100)
	s.noLetters()
	if got := s.Metric("holdfast_sink_retries_total", "reason", "ambiguous"); got == 0 {
		s.T.Error("no answer was lost, so the test tries nothing")
	}
}

// killedBetweenTables: rows are in one table and not in the next, and the loader
// dies.
func killedBetweenTables(s *suite) {
	tables := s.store.Sink().Tables(signal.TableCustomer)
	last, waiting := tables[len(tables)-1], make(chan struct{}, 1)
	hang := func(ctx context.Context, b outbox.Batch) error {
		if b.Table != last {
			return nil
		}
		select {
		case waiting <- struct{}{}:
		default:
		}
		<-ctx.Done()
		return ctx.Err()
	}
	s.Customers(0, 0, 50, nil)
	stop := s.Running(s.Loader(between{Sink: s.store.Sink(), before: hang},
		func(c *outbox.Config) { c.StopTimeout = time.Millisecond }))
	<-waiting
	stop()
	if lag := s.Lag(); lag[0].Committed != 0 {
		s.T.Fatalf("committed before all tables had the rows: %+v", lag)
	}
	s.Running(s.Loader(s.store.Sink(), nil))
	s.AwaitLoaded()
	s.checkRows(signal.TableCustomer, 0, 1, 50)
}

// killedBeforeCommit: the rows are there, the offset is not; the next loader
// inserts them again.
func killedBeforeCommit(s *suite) {
	var refuse atomic.Bool
	refuse.Store(true)
	s.RefuseCommits(refuse.Load)
	for i := range 4 {
		s.Customers(int32(i%Partitions), uint16(i), 50, nil)
		s.Alerts(int32(i%Partitions), uint16(10+i), 7)
	}
	stop := s.Running(s.Loader(s.store.Sink(), func(c *outbox.Config) { c.StopTimeout = 100 * time.Millisecond }))
	alerts := s.store.Sink().Tables(signal.TableAlert)[0]
	s.Await("the rows are there", func() bool { return len(s.store.Rows(s.T, alerts)) == 28 })
	stop()
	if lag := s.Lag(); lag[0].Committed != 0 {
		s.T.Fatalf("the commit was not refused: %+v", lag)
	}
	refuse.Store(false)
	s.Running(s.Loader(s.store.Sink(), nil))
	s.AwaitLoaded()
	for i := range uint16(4) {
		s.checkRows(signal.TableCustomer, i, 1, 50)
		s.checkRows(signal.TableAlert, 10+i, 1, 7)
	}
	if got := s.Metric("holdfast_sink_rows_written_total", "table", alerts); got < 56 {
		s.T.Errorf("%v rows written: nothing was repeated, so the test tries nothing", got)
	}
}
