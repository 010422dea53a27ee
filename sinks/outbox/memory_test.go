package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
)

// memory is a store of maps, and its own sink.
type memory struct {
	lock    sync.Mutex
	state   conformance.State
	spoiled bool // what it holds is lost once it is right
	refuse  func(frequency uint64) bool
	tables  map[string]map[conformance.RowID]int
	hold    chan struct{} // not nil: inserts wait until it is closed
	waits   chan struct{} // gets one when an insert waits
}

var (
	errAway    = errors.New("nobody answers")
	errMissing = errors.New("no such table")
	errShape   = errors.New("a table is of another shape")
	errValue   = errors.New("a value is refused")
)

func newMemory() *memory {
	return &memory{tables: map[string]map[conformance.RowID]int{}, waits: make(chan struct{}, 1)}
}

func (m *memory) Name() string { return "memory" }

func (m *memory) Tables(of signal.Table) []string {
	switch of {
	case signal.TableCustomer:
		return []string{"customers", "history"}
	case signal.TableAlert:
		return []string{"alerts"}
	case signal.TableModel:
		return []string{"models"}
	case signal.TableQuality:
		return []string{"quality"}
	}
	return nil
}

func (m *memory) Check(context.Context) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	switch m.state {
	case conformance.Away:
		return errAway
	case conformance.Empty:
		return errMissing
	case conformance.WrongShape:
		return errShape
	case conformance.Right:
	}
	return nil
}

// memoryRow is what the store keeps of a row, or refuses it by.
type memoryRow struct {
	id        conformance.RowID
	frequency uint64
}

type memoryRows struct{ all []memoryRow }

func (r *memoryRows) Add(block *signal.Block) error {
	shards, okShards := block.Column("src_partition")
	seqs, okSeqs := block.Column("seq")
	if !okShards || !okSeqs {
		return errors.New("a block without row numbers")
	}
	frequencies, known := block.Column("frequency_repeat")
	for i := range block.Rows {
		row := memoryRow{id: conformance.RowID{Shard: uint16(shards.Numbers[i]), Seq: seqs.Numbers[i]}}
		if known {
			row.frequency = frequencies.Numbers[i]
		}
		r.all = append(r.all, row)
	}
	return nil
}

func (m *memory) NewRows(signal.Table) outbox.Rows { return &memoryRows{} }

func (m *memory) Insert(ctx context.Context, b outbox.Batch) error {
	if err := m.pass(ctx); err != nil {
		return err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	rows := b.Rows.(*memoryRows).all[b.From:b.To]
	switch m.state {
	case conformance.Away:
		return errAway
	case conformance.Empty:
		return errMissing
	case conformance.Right, conformance.WrongShape: // the check refuses a wrong shape
	}
	for _, row := range rows {
		if m.refuse != nil && b.Table == "history" && m.refuse(row.frequency) {
			return fmt.Errorf("row %d: %w", row.id.Seq, errValue)
		}
	}
	if m.tables[b.Table] == nil {
		m.tables[b.Table] = map[conformance.RowID]int{}
	}
	for _, row := range rows {
		m.tables[b.Table][row.id] = 1
	}
	return nil
}

// pass waits while inserts are held.
func (m *memory) pass(ctx context.Context) error {
	m.lock.Lock()
	hold := m.hold
	m.lock.Unlock()
	if hold == nil {
		return nil
	}
	select {
	case m.waits <- struct{}{}:
	default:
	}
	select {
	case <-hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// held keeps inserts until the returned function is called.
func (m *memory) held() (release func()) {
	m.lock.Lock()
	defer m.lock.Unlock()
	hold := make(chan struct{})
	m.hold = hold
	return func() {
		m.lock.Lock()
		defer m.lock.Unlock()
		m.hold = nil
		close(hold)
	}
}

func (m *memory) Classify(err error) outbox.Failure {
	for class, known := range map[outbox.Class][]error{
		outbox.Unreachable:   {errAway},
		outbox.Configuration: {errMissing, errShape},
		outbox.Refused:       {errValue},
	} {
		for _, k := range known {
			if errors.Is(err, k) {
				return outbox.Failure{Class: class, Kind: "memory", Text: k.Error(), Fix: "put it right"}
			}
		}
	}
	return outbox.Failure{Class: outbox.Ambiguous, Kind: "memory", Text: err.Error(), Fix: "wait"}
}

// memory as a store under test.

func (m *memory) Sink() outbox.Sink { return m }

func (m *memory) Enter(_ testing.TB, s conformance.State) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.state = s
	switch s {
	case conformance.Empty, conformance.WrongShape:
		m.spoiled = true
	case conformance.Right:
		if m.spoiled {
			clear(m.tables)
		}
		m.spoiled = false
	case conformance.Away:
	}
}

func (m *memory) Refuse(_ testing.TB, all bool) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.refuse = func(frequency uint64) bool { return all || frequency >= conformance.RefusedFrequency }
}

func (m *memory) Accept(testing.TB) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.refuse = nil
}

func (m *memory) Rows(_ testing.TB, table string) map[conformance.RowID]int {
	m.lock.Lock()
	defer m.lock.Unlock()
	rows := map[conformance.RowID]int{}
	for id, n := range m.tables[table] {
		rows[id] = n
	}
	return rows
}

// TestConformance: the suite itself, with the simplest store that passes it.
func TestConformance(t *testing.T) {
	conformance.Run(t, func(*testing.T) conformance.Store { return newMemory() })
}
