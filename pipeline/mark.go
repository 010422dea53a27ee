package pipeline

import (
	"fmt"
	"strings"
)

// Mark is the metadata that every committed offset of a partition number
// carries: which batch the offsets belong to, written by which incarnation,
// and up to which batch all customer rows are in the outbox. By it an
// unconfirmed commit is told from one that did not happen, and a waiter knows
// when rows have left.
type Mark struct {
	Batch        uint64
	RowsComplete uint64
	Incarnation  string // of the process that committed; a random word
}

// String is the form in which it is committed: "hf1 b=… r=… i=…".
func (m Mark) String() string {
	return fmt.Sprintf("hf1 b=%d r=%d i=%s", m.Batch, m.RowsComplete, m.Incarnation)
}

// ParseMark reads what String gave; ok is false for metadata that is none.
func ParseMark(metadata string) (m Mark, ok bool) {
	if !strings.HasPrefix(metadata, "hf1 ") {
		return Mark{}, false
	}
	n, err := fmt.Sscanf(metadata, "hf1 b=%d r=%d i=%s", &m.Batch, &m.RowsComplete, &m.Incarnation)
	return m, err == nil && n == 3
}
