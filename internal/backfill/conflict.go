package backfill

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast/holdfast/internal/rowmap"
	"github.com/holdfast/holdfast/pipeline/event"
)

// ErrConflict says that two rows say different things under one name.
var ErrConflict = errors.New("rows of one name differ; nothing is sent")

// pair is two rows under one name.
type pair struct {
	first, second int64
}

// conflicts are the rows that differ: how many, and the first of them.
type conflicts struct {
	count int64
	rows  rowSet // the second ones
	pairs []pair
}

// maxPairs is how many pairs a message names.
const maxPairs = 3

func (c *conflicts) add(first, second int64) {
	if !c.rows.add(second) {
		return // under another name as well
	}
	c.count++
	c.pairs = append(c.pairs, pair{first, second})
	slices.SortFunc(c.pairs, func(a, b pair) int { return int(max(-1, min(1, a.second-b.second))) })
	c.pairs = c.pairs[:min(len(c.pairs), maxPairs)]
}

// repetitions goes through the names that stand more than once. Rows that say
// the same are one event: the first is kept. Rows that differ are conflicts,
// unless the first is to count.
func (p *Plan) repetitions() error {
	var differing conflicts
	first := p.options.Map != nil && p.options.Map.Lines == rowmap.LinesFirst
	err := p.ledger.repeated(func(rows []entry) {
		sort := rows[0].name & sortMask
		if sort == ofStatuses {
			differing.statuses(rows)
			return
		}
		for _, e := range rows[1:] {
			same := e.content == rows[0].content
			switch {
			case same && sort > ofOrder: // lines that agree
			case same:
				p.Repeated += p.leaveOut(e.row)
			case first && sort <= ofOrder:
				p.LeftOut += p.leaveOut(e.row)
			default:
				differing.add(rows[0].row, e.row)
			}
		}
	})
	if err != nil || differing.count == 0 {
		return err
	}
	return p.conflict(&differing)
}

// leaveOut drops a row and returns 1 where it was not dropped before.
func (p *Plan) leaveOut(row int64) int64 {
	if p.dropped.add(row) {
		return 1
	}
	return 0
}

// statuses holds the lines of an order in one status against those in another:
// where one has more, the order's lines stand in different statuses, and none
// has all of it.
func (c *conflicts) statuses(rows []entry) {
	var count [event.Delivered + 1]int
	var first [event.Delivered + 1]int64
	for _, e := range rows {
		if count[e.content]++; count[e.content] == 1 {
			first[e.content] = e.row
		}
	}
	base := rows[0].content
	for status, n := range count {
		if n > 0 && n != count[base] {
			c.add(first[base], first[status])
		}
	}
}

// conflict names the rows, and what they differ in.
func (p *Plan) conflict(differing *conflicts) error {
	found, err := p.find(differing.pairs)
	if err != nil {
		return err
	}
	var only map[string]bool
	if p.summing() {
		only = agreed
	}
	known := newContents()
	var words []string
	for _, pair := range differing.pairs {
		a, b := found[pair.first], found[pair.second]
		if a == nil || b == nil {
			words = append(words, fmt.Sprintf("rows %d and %d differ", pair.first, pair.second))
			continue
		}
		what := "are one order in one status"
		if a.marks.order == 0 || a.marks.order != b.marks.order {
			what = "have one event id"
		}
		if p.summing() {
			what = "are parts of one order"
		}
		words = append(words, fmt.Sprintf("rows %d and %d (lines %d and %d) %s, but differ in %s",
			a.Row, b.Row, a.Line, b.Line, what, strings.Join(known.difference(a.Value, b.Value, only), ", ")))
	}
	if more := differing.count - int64(len(words)); more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%w: %s → %s", ErrConflict, strings.Join(words, "; "), p.advice())
}

func (p *Plan) advice() string {
	switch {
	case p.options.Format == NDJSON:
		return "an order is one event in each of its statuses, and every event has an id of its own"
	case p.summing():
		return "lines of one order have one time, one status and one currency, and every status has all of them: " +
			"map occurred_at and status to what the whole order has"
	}
	return "where a row is one line of its order say `lines: sum` in the map, " +
		"where only the first row of an order counts `lines: first`"
}

// find reads the rows of pairs again.
func (p *Plan) find(pairs []pair) (map[int64]*Event, error) {
	wanted := map[int64]*Event{}
	for _, pair := range pairs {
		wanted[pair.first], wanted[pair.second] = nil, nil
	}
	left := len(wanted)
	err := p.scan(p.openRows, func(e Event, reject *Reject) error {
		if _, ok := wanted[e.Row]; ok && reject == nil {
			e.Key, e.Value = bytes.Clone(e.Key), bytes.Clone(e.Value)
			wanted[e.Row] = &e
			left--
		}
		if left == 0 {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return wanted, err
}

var errFound = errors.New("all rows are found")
