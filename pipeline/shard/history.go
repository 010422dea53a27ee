package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
)

// History is what the purchase and the activity model are fitted to, of one customer with a
// purchase. Days are business days.
type History struct {
	FirstDay, LastDay event.Day
	Segment           uint8  // its number in Config.Segments
	X                 uint32 // repeat purchase days
	RepeatNet         int64  // minor units, over the repeat days with a positive net
	RepeatNetDays     uint32

	// Of the days before the label window: whether there was a purchase, the repeat
	// days and the last day; Returned says whether one fell into the window.
	Known      bool
	XBefore    uint32
	LastBefore event.Day
	Returned   bool

	// LogGaps is Σ ln(gap in weeks) over the X gaps, where GapsKnown.
	LogGaps   float64
	GapsKnown bool

	Approximate bool // something may be missing

	// The activity days of one who has been seen on a day without a purchase.
	Seen                    bool
	FirstActive, LastActive event.Day
	ActivityX               uint32 // repeat activity days
}

// Histories calls take with the history of each customer with a purchase in the
// places from `from` on, at most `most` places. The label window is the business
// days from `window` on. It returns the next place, and whether there are more.
// take must not keep its argument. It changes nothing, and costs a reading of
// each record.
func (s *Shard) Histories(from, most int, window event.Day, take func(*History)) (next int, more bool) {
	var h History
	end := s.slab.Pages() * state.PageSize
	for next = from; next < end && next < from+most; next++ {
		slot := state.Slot(next)
		if !s.slab.Exists(slot) {
			continue
		}
		s.slab.PeekSlot(&s.customer, slot)
		if historyOf(&s.customer, window, &h) {
			take(&h)
		}
	}
	return next, next < end
}

// historyOf reads a record's history; false where there is no purchase.
func historyOf(c *state.Customer, window event.Day, h *History) bool {
	var st score.Statistics
	purchaseDays(c, &st.Facts)
	if !st.HasPurchase {
		return false
	}
	lifeSums(c, &st)
	*h = History{FirstDay: st.FirstDay, LastDay: st.LastDay, Segment: c.Profile.Segment, X: st.X, RepeatNet: st.RepeatNet,
		RepeatNetDays: st.RepeatNetDays, Returned: st.LastDay >= window, Approximate: c.Flags&state.Approximate != 0}
	h.LogGaps, h.GapsKnown = logGaps(c)
	if activityDays(c, &st.Facts); score.IsSeen(st.X, st.ActivityX) {
		h.Seen, h.ActivityX = true, st.ActivityX
		h.FirstActive, h.LastActive = st.FirstActivityDay, st.LastActivityDay
	}
	days := c.Life.Days
	if days > 0 {
		h.LastBefore = c.Life.Last
	}
	for i := range c.Days {
		d := &c.Days[i]
		if d.Orders > 0 && event.Day(d.Day) < window {
			days++
			h.LastBefore = max(h.LastBefore, event.Day(d.Day))
		}
	}
	if h.Known = days > 0 && h.FirstDay < window && h.LastBefore < window; h.Known {
		h.XBefore = days - 1
	}
	return true
}

// logGaps sums the logarithms of all gaps between purchase days; known is false where
// some of those that left the retained range are not.
func logGaps(c *state.Customer) (sum float64, known bool) {
	all, last, any := c.Rhythm.LogGaps, int32(c.Life.Last), c.Life.Days > 0
	for i := range c.Days {
		d := &c.Days[i]
		if d.Orders == 0 {
			continue
		}
		if any && d.Day > last {
			all += state.LogGapOf(d.Day - last)
		}
		last, any = d.Day, true
	}
	return state.LogGapSum(all), c.Life.Days == 0 || c.Rhythm.Gaps+1 == c.Life.Days
}
