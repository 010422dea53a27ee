package shard

// Finding is a kind of event that was counted and leaves a doubt about the data,
// with how many there were.
type Finding struct {
	Name   string // of a closed set
	Events uint64
}

// Findings are all kinds of doubt that the counters know, always in the same
// order.
func (c *Counters) Findings() [7]Finding {
	return [...]Finding{
		{"unknown_channel", c.UnknownChannels},
		{"unknown_category", c.UnknownCategory},
		{"unknown_segment", c.UnknownSegments},
		{"foreign_currency", c.ForeignAmounts},
		{"unknown_order", c.UnknownOrder},
		{"unopened_complaint", c.UnknownComplaint},
		{"saturated", c.Saturated},
	}
}
