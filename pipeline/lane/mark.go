package lane

import (
	"fmt"
	"strings"
)

// Mark is the metadata that every committed offset of a partition number
// carries: which batch the offsets belong to, written by which incarnation,
// and up to which batch all customer rows are in the outbox. By it an
// unconfirmed commit is told from one that did not happen, and a waiter knows
// when rows have left and whether time has more to say about what was applied.
type Mark struct {
	Batch        uint64
	RowsComplete uint64
	Sessions     int    // backfill sessions that are open: silence waits for them
	ClockLags    bool   // the clock has not come as far as what is applied lets it
	Incarnation  string // of the process that committed; a random word
}

// String is the form in which it is committed: "hf2 b=… r=… o=… l=… i=…".
func (m Mark) String() string {
	lags := 0
	if m.ClockLags {
		lags = 1
	}
	return fmt.Sprintf("hf2 b=%d r=%d o=%d l=%d i=%s", m.Batch, m.RowsComplete, m.Sessions, lags, m.Incarnation)
}

// ParseMark reads what String gave; ok is false for metadata that is none.
func ParseMark(metadata string) (m Mark, ok bool) {
	if !strings.HasPrefix(metadata, "hf2 ") {
		return Mark{}, false
	}
	lags := 0
	n, err := fmt.Sscanf(metadata, "hf2 b=%d r=%d o=%d l=%d i=%s", &m.Batch, &m.RowsComplete, &m.Sessions, &lags,
		&m.Incarnation)
	m.ClockLags = lags != 0
	return m, err == nil && n == 5
}

// Standing is what the group's offsets say of one partition number.
type Standing struct {
	Mark    Mark
	Known   bool    // an offset with a mark is committed
	Offsets []int64 // per input; meaningful where known
	Has     []bool  // per input: an offset is committed
}
