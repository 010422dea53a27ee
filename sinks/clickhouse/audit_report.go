package clickhouse

import "slices"

// Report is the outcome of an audit.
type Report struct {
	Shards []ShardReport // by shard: those that something is expected of, then those Unasked
	Lives  []LifeReport  // rows of other lives than the expected ones, by shard and epoch
	// StaleCustomers are those whose row in customer_current is older than
	// their newest in score_history, or not there.
	StaleCustomers uint64
	// Emptied is set by who knows that the tables were emptied on purpose: what
	// lies before a shard's first row is no hole then.
	Emptied bool
}

// ShardReport is the outcome for one shard in the life that is expected of it.
type ShardReport struct {
	Shard    uint16
	Expected uint64 // the last number that must be there, of Epoch
	Epoch    uint64
	First    uint64 // the first number that was looked for: 1, or the first within the time to live
	Rows     uint64 // rows with a number of First to Expected, each key once
	Missing  uint64 // numbers that no row has, Before included
	// Before are the missing numbers below Least: all that there was before the
	// tables were emptied or made anew, or all that was not loaded at a beginning.
	Before   uint64
	Least    uint64 // the least number of a row in score_history, or in any table where that has none; 0: there is none
	Repeated uint64 // rows beyond one per number
	Beyond   uint64 // rows with a higher number: loaded after the expectation was read
	Unasked  bool   // rows of a shard that nothing was expected of
}

// LifeReport is what the tables hold of a life of a shard that is not the one
// that is expected. Rows of an older one stay when a state is begun anew; each
// customer's current row is of the newest life that knows the customer.
type LifeReport struct {
	Shard uint16
	Epoch uint64
	Rows  uint64 // each key once
	First uint64 // the least number
	Last  uint64 // the greatest
	Newer bool   // than what is expected: its rows win over all that are written now
}

// Missing is the number of holes over all shards; of tables that were emptied
// those from each shard's first row on, if anything has been written since.
func (r Report) Missing() uint64 {
	return r.sum(func(s ShardReport) uint64 {
		if r.Emptied && s.Least > 0 && s.Least <= s.Expected {
			return s.Missing - s.Before
		}
		return s.Missing
	})
}

// Before is how many of the holes lie before the first row of their shard.
func (r Report) Before() uint64 {
	return r.sum(func(s ShardReport) uint64 { return s.Before })
}

// Repeated is the number of doubles over all shards.
func (r Report) Repeated() uint64 {
	return r.sum(func(s ShardReport) uint64 { return s.Repeated })
}

// Unasked is the number of rows of shards that nothing is expected of.
func (r Report) Unasked() uint64 {
	return r.sum(func(s ShardReport) uint64 {
		if s.Unasked {
			return s.Beyond
		}
		return 0
	})
}

// Newer is the number of rows of lives after the expected ones.
func (r Report) Newer() uint64 {
	rows := uint64(0)
	for _, life := range r.Lives {
		if life.Newer {
			rows += life.Rows
		}
	}
	return rows
}

// OK reports whether the tables were held against something, and nothing is
// missing, doubled, stale or of a life that nobody expects.
func (r Report) OK() bool {
	asked := slices.ContainsFunc(r.Shards, func(s ShardReport) bool { return !s.Unasked })
	return asked && r.Missing() == 0 && r.Repeated() == 0 && r.StaleCustomers == 0 && r.Unasked() == 0 && r.Newer() == 0
}

func (r Report) sum(of func(ShardReport) uint64) uint64 {
	total := uint64(0)
	for _, s := range r.Shards {
		total += of(s)
	}
	return total
}
