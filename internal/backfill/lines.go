package backfill

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
)

// summed are the fields that rows of one order add up; of the others the first
// row's hold.
var summed = []string{"amount_gross", "amount_discount", "amount_tax", "amount_net", "margin", "list_amount",
	"points_earned", "points_redeemed"}

// agreed are the fields in which rows of one order must be alike. What names
// the order is so already.
var agreed = set("occurred_at", "status", "currency", "ref_order_id")

// summing makes one event of the rows of an order. All orders are held, or,
// where memory has no room for them, those of the moment in hand: then the file
// must be in event-time order.
type summing struct {
	rows  source
	judge *judge
	room  int64 // bytes that may be held
	noted func(name, content uint64, row int64) error

	groups     map[string]*group
	order      []*group // by first row
	held       int64
	latest     event.Instant
	unsortedAt int64
	streaming  bool
	ready      []*group
	ended      bool
}

func newSumming(rows source, judge *judge, room int64, noted func(name, content uint64, row int64) error) *summing {
	return &summing{rows: rows, judge: judge, room: room, noted: noted, groups: map[string]*group{}}
}

func (s *summing) next() (Event, *Reject, error) {
	for {
		for len(s.ready) > 0 {
			g := s.ready[0]
			s.ready = s.ready[1:]
			if g.rows > 0 {
				return s.finish(g)
			}
		}
		if s.ended {
			return Event{}, nil, io.EOF
		}
		e, reject, err := s.rows.next()
		switch {
		case errors.Is(err, io.EOF):
			s.ended, s.ready = true, s.order
			continue
		case err != nil:
			return Event{}, nil, err
		case reject != nil:
			if e.group != "" {
				s.groupOf(&e).broken = fmt.Sprintf("line %d of the same order was rejected", e.Line)
			}
			return e, reject, nil
		case e.group == "":
			e.group = "\x00" + strconv.FormatInt(e.Row, 10) // to come in its turn
		}
		if err := s.take(&e); err != nil {
			return Event{}, nil, err
		}
	}
}

// take adds a row to its order, and lets those go that are complete.
func (s *summing) take(e *Event) error {
	if e.At < s.latest && s.unsortedAt == 0 {
		s.unsortedAt = e.Row
	}
	if s.streaming && s.unsortedAt > 0 {
		return notSorted(s.unsortedAt, s.room)
	}
	if s.streaming && e.At > s.latest {
		s.release(e.At)
	}
	s.latest = max(s.latest, e.At)
	g := s.groupOf(e)
	s.add(g, e)
	if err := s.note(e); err != nil {
		return err
	}
	switch {
	case s.held <= s.room:
		return nil
	case s.unsortedAt > 0:
		return notSorted(s.unsortedAt, s.room)
	case s.streaming:
		return fmt.Errorf("the orders of one moment, up to row %d, need more memory than %d MiB; allow more",
			e.Row, s.room>>20)
	}
	s.streaming = true
	s.release(s.latest)
	return nil
}

// note keeps what the row must have in common with others of its order.
func (s *summing) note(e *Event) error {
	if e.group[0] == 0 {
		return nil
	}
	err := s.noted(nameOf(ofLines, xxhash.Sum64String(e.group)), agreement(e), e.Row)
	if e.status == event.StatusNone || e.status > event.Delivered {
		return err // no order, or no status of one that has lines
	}
	order := xxhash.Sum64String(e.order)
	return errors.Join(err, s.noted(nameOf(ofMoment, order, uint64(e.At)), uint64(e.status), e.Row),
		s.noted(nameOf(ofStatuses, order), uint64(e.status), e.Row))
}

// release lets the orders before a moment go; no more rows of them may come.
func (s *summing) release(before event.Instant) {
	kept := s.order[:0:0]
	s.held = 0
	for _, g := range s.order {
		if g.first.At < before {
			s.ready = append(s.ready, g)
			delete(s.groups, g.first.group)
			continue
		}
		kept = append(kept, g)
		s.held += g.bytes()
	}
	s.order = kept
}

func (s *summing) groupOf(e *Event) *group {
	g := s.groups[e.group]
	if g == nil {
		g = &group{first: *e, sums: make([]int64, len(summed))}
		g.first.Key, g.first.Value = bytes.Clone(e.Key), bytes.Clone(e.Value)
		s.groups[e.group] = g
		s.order = append(s.order, g)
		s.held += g.bytes()
	}
	return g
}

// add adds a row's amounts.
func (s *summing) add(g *group, e *Event) {
	if g.rows == 0 && g.first.Row != e.Row { // the first row was no event
		g.first.Key, g.first.Value = bytes.Clone(e.Key), bytes.Clone(e.Value)
		g.first.Row, g.first.Line, g.first.At = e.Row, e.Line, e.At
	}
	g.rows++
	s.judge.arena.Reset()
	json.Members(e.Value, &s.judge.arena, func(name, _, text []byte) {
		i := summedIndex(name)
		if i < 0 {
			return
		}
		g.given |= 1 << i
		amount, err := strconv.ParseInt(string(text), 10, 64)
		sum := g.sums[i] + amount
		if err != nil || amount > 0 && sum < g.sums[i] || amount < 0 && sum > g.sums[i] || sum == math.MinInt64 {
			g.broken = fmt.Sprintf("%s of line %d cannot be added", name, e.Line)
			return
		}
		g.sums[i] = sum
	})
}

// finish judges an order whose rows are summed.
func (s *summing) finish(g *group) (Event, *Reject, error) {
	e := g.first
	e.Value = g.value(&s.judge.arena)
	reject := s.judge.check(&e)
	if g.broken != "" {
		reject = &Reject{Row: e.Row, Line: e.Line, Reason: decode.BadValue.String(),
			Detail: fmt.Sprintf("the order cannot be summed of its %d rows: %s", g.rows, g.broken)}
	}
	e.marks.order = 0 // its rows are noted one by one
	if reject != nil {
		reject.withRaw(e.Value)
	}
	return e, reject, nil
}

func notSorted(row, room int64) error {
	return fmt.Errorf("%w: row %d is earlier than the row before it; sort the file by time, or allow more memory than "+
		"%d MiB",
		ErrNotSorted, row, room>>20)
}
