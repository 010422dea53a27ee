package shard

// Finding is a kind of event that was counted and leaves a doubt about the data,
// with how many there were.
type Finding struct {
	Name   string // of a closed set
	Events uint64
}

// FindingCount is how many kinds of doubt there are.
const FindingCount = 8

// Findings are all kinds of doubt that the counters know, always in the same
// order.
func (c *Counters) Findings() [FindingCount]Finding {
	return [...]Finding{
		{"unknown_channel", c.UnknownChannels},
		{"unknown_category", c.UnknownCategory},
		{"unknown_segment", c.UnknownSegments},
		{"foreign_currency", c.ForeignAmounts},
		{"unknown_order", c.UnknownOrder},
		{"unopened_complaint", c.UnknownComplaint},
		{"saturated", c.Saturated},
		{"self_referral", c.SelfReferral},
	}
}

// MaxRejectReasons bounds the reasons that dead letters are counted by.
const MaxRejectReasons = 32

// CountReject counts a record that became a dead letter, by the number of its
// reason; a reason beyond MaxRejectReasons counts as the last.
func (s *Shard) CountReject(reason uint8) { s.counters.Rejects[min(reason, MaxRejectReasons-1)]++ }
