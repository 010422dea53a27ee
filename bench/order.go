package main

import (
	"time"

	"github.com/holdfast/holdfast/schemas/topics"
)

// mode is a system under test.
type mode string

// The modes.
const (
	bareFetch   mode = "fetch"
	fetchDecode mode = "decode"
	noCommit    mode = "apply"
	committing  mode = "pipeline"
)

// order makes a process a system under test.
type order struct {
	Mode    mode         `json:"mode"`
	Name    string       `json:"name"`
	Addrs   []string     `json:"addrs"`
	Names   topics.Names `json:"names"`
	Profile string       `json:"profile,omitempty"`

	FlushEvery    time.Duration `json:"flush_every,omitempty"`
	RowsPerCommit int           `json:"rows_per_commit,omitempty"`
	CommitBytes   int64         `json:"commit_bytes,omitempty"`
	EffectBytes   int64         `json:"effect_bytes,omitempty"` // 0: as shipped
}

// command asks a system under test for something.
type command struct {
	// Events is how many further events to take; 0 ends the system.
	Events int `json:"events"`
	// From and To bound them, by topic and partition.
	From, To map[string][]int64
	Warm     bool `json:"warm"` // not measured
}

// result is what came of a command.
type result struct {
	Error   string  `json:"error,omitempty"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`
	tally           // what the system says that it saw
	Alerts  uint64  `json:"alerts"`
	Fired   uint64  `json:"fired"`
	// LongestGap is that between two batches applied, in seconds.
	LongestGap float64 `json:"longest_gap"`
	PeakBytes  int64   `json:"peak_bytes"` // of the process' memory

	// What the records hold, where a system is asked at its end.
	Customers int64 `json:"customers"`
	CoreBytes int64 `json:"core_bytes"` // core records with links and index
	SideBytes int64 `json:"side_bytes"` // reserved for side records
}

// tally is what a stretch of events adds up to.
type tally struct {
	Events      int64 `json:"events"`
	Bytes       int64 `json:"bytes"`
	Purchases   int64 `json:"purchases"`
	Visits      int64 `json:"visits"`
	Complaints  int64 `json:"complaints"`
	AmountMinor int64 `json:"amount_minor"`
}

func (t *tally) add(o tally) {
	t.Events += o.Events
	t.Bytes += o.Bytes
	t.Purchases += o.Purchases
	t.Visits += o.Visits
	t.Complaints += o.Complaints
	t.AmountMinor += o.AmountMinor
}
