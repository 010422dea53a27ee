// Package conformance tests that a sink keeps the contract of sinks/outbox, with
// a real store behind it: what it is to whoever reads it after losses, kills,
// refusals and a store that is not what it should be.
//
// The guarantee that it holds a sink to: every row of the outbox is in each of
// its tables, one row to whoever reads it, or in the dead letters, and then
// because of what it holds. Repetition is allowed on the way there and nowhere
// else: a row may be inserted again after an insert whose outcome is unknown, and
// after the loader has died before the commit of its offset.
package conformance

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox"
)

// State is what a store is to a loader.
type State uint8

// States of a store.
const (
	Right      State = iota
	Away             // it does not answer; what it holds is kept
	Empty            // it answers, and our tables are not there: all rows are lost
	WrongShape       // a table is not what the sink writes to: all rows are lost
	stateEnd
)

var stateNames = [stateEnd]string{"right", "away", "empty", "wrong shape"}

// String returns the state's name.
func (s State) String() string { return stateNames[s] }

// RefusedFrequency is what Store.Refuse goes by: rows of customers whose
// frequency_repeat is not less.
const RefusedFrequency = 1_000_000

// RowID is the identity of a row of the outbox.
type RowID struct {
	Shard uint16
	Seq   uint64
}

// Store is a store under test. It is made for one test, is right and empty.
type Store interface {
	// Sink returns the sink that writes to the store; the same at every call.
	Sink() outbox.Sink
	// Enter makes the store what the state says, with nothing in between that a
	// loader could see. From WrongShape and Empty it becomes right without rows,
	// from Away with those that it had.
	Enter(t testing.TB, s State)
	// Refuse has the store refuse single rows from now on, as a constraint does:
	// those of RefusedFrequency and more, or all that are customers' rows.
	Refuse(t testing.TB, all bool)
	// Accept ends Refuse.
	Accept(t testing.TB)
	// Rows returns how often a reader sees each row of a table, by the way that
	// readers are told to read it.
	Rows(t testing.TB, table string) map[RowID]int
}

// Run tests the sink of the stores that open makes, which go with their test.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		run  func(*suite)
	}{
		{"what it says of itself", contract},
		{"rows arrive", rowsArrive},
		{"inserts may be repeated", repetition},
		{"answers are lost", lostAnswers},
		{"it is killed between tables", killedBetweenTables},
		{"it is killed before the commit", killedBeforeCommit},
		{"every order of states at the start", ordersAtStart},
		{"every order of states while loading", ordersWhileLoading},
		{"records that cannot be decoded", undecodable},
		{"records of a newer version", newerRecords},
		{"rows that are refused", refusedRows},
		{"a store that refuses all", refusesAll},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // most of each is waiting
			c.run(&suite{Rig: NewRig(t), store: open(t)})
		})
	}
}

// suite is one test of one store.
type suite struct {
	*Rig
	store Store
}

// checkRows compares a shard's rows in all tables of their kind with what was
// produced.
func (s *suite) checkRows(of signal.Table, shard uint16, from, to uint64) {
	s.T.Helper()
	for _, table := range s.store.Sink().Tables(of) {
		rows, missing, repeated, strange := s.store.Rows(s.T, table), 0, 0, 0
		for seq := from; seq <= to; seq++ {
			switch n := rows[RowID{shard, seq}]; {
			case n == 0:
				missing++
			case n > 1:
				repeated++
			}
		}
		for id := range rows {
			if id.Shard == shard && (id.Seq < from || id.Seq > to) {
				strange++
			}
		}
		if missing+repeated+strange > 0 {
			s.T.Errorf("table %s, shard %d: of rows %d to %d %d are missing, %d seen more than once, %d not expected; log:\n%s",
				table, shard, from, to, missing, repeated, strange, s.Log)
		}
	}
}

// noLetters checks that nothing was set aside.
func (s *suite) noLetters() {
	s.T.Helper()
	if letters := s.DeadLetters(); len(letters) != 0 {
		s.T.Errorf("%d dead letters, the first says %v; log:\n%s", len(letters), HeadersOf(letters[0]), s.Log)
	}
}
