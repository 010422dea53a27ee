package conformance

import (
	"slices"

	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox"
)

// orders returns all sequences of one or two different states that are not right:
// what a loader makes of a state depends on no more than the one before.
func orders() [][]State {
	all := [][]State{{}}
	for i := 0; i < len(all) && len(all[i]) < 2; i++ {
		for state := Right + 1; state < stateEnd; state++ {
			if !slices.Contains(all[i], state) {
				all = append(all, append(slices.Clone(all[i]), state))
			}
		}
	}
	return all[1:]
}

// says waits until the loader tells what keeps it, in the class that fits.
func (s *suite) says(l *outbox.Loader, state State) {
	s.T.Helper()
	s.Await("it tells of a store that is "+state.String(), func() bool {
		for _, p := range l.Problems() {
			if away := p.Class == "unreachable" || p.Class == "ambiguous"; away == (state == Away) && p.Text != "" {
				return true
			}
		}
		return false
	})
}

// ordersAtStart: whatever the store is, and becomes, before it is right, the
// loader waits and the rows arrive in the end.
func ordersAtStart(s *suite) {
	s.store.Enter(s.T, Away)
	s.Customers(0, 0, 3, nil)
	l := s.Loader(s.store.Sink(), nil)
	s.Running(l)
	s.says(l, Away)
	for _, order := range orders() {
		for _, state := range order {
			s.store.Enter(s.T, state)
			s.says(l, state)
		}
	}
	s.store.Enter(s.T, Right)
	s.AwaitLoaded()
	s.checkRows(signal.TableCustomer, 0, 1, 3)
	s.noLetters()
}

// ordersWhileLoading: the store is right, becomes one thing, then others, then
// right again: rows that came meanwhile arrive, once, and none is set aside.
func ordersWhileLoading(s *suite) {
	l := s.Loader(s.store.Sink(), nil)
	s.Running(l)
	for i, order := range orders() {
		shard, rows := uint16(i), uint64(0)
		for _, state := range order {
			s.store.Enter(s.T, state)
			s.Customers(0, shard, 2, nil)
			rows += 2
			s.says(l, state)
		}
		s.store.Enter(s.T, Right)
		s.Customers(0, shard, 1, nil)
		s.AwaitLoaded()
		s.checkRows(signal.TableCustomer, shard, 1, rows+1)
		s.Await("the problem is over", func() bool { return len(l.Problems()) == 0 })
		if s.T.Failed() {
			s.T.Fatalf("after a store that was %v", order)
		}
	}
	s.noLetters()
}
