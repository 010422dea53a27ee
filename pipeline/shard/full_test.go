package shard

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// fillUp makes every section of a record full, with what events may have
// brought up to an instant.
func fillUp(c *state.Customer, r *rand.Rand, end event.Instant) {
	c.JudgedAt = end
	last := event.Day(end / event.Day24h)
	at := func(i, n int) event.Instant {
		return end - event.Instant(n-i)*event.Hour - event.Instant(r.Int64N(1e9))
	}
	for i := range state.MaxEvents {
		c.Events = append(c.Events, state.EventMark{At: at(i, state.MaxEvents),
			Hash: state.FingerprintOf(r.Uint64())})
	}
	for i := range state.MaxDays {
		c.Days = append(c.Days, window.Day{Day: int32(last) - state.MaxDays + 1 + int32(i), Orders: 1,
			Visits: uint16(r.Uint32()), Net: r.Int64N(1e6)})
	}
	for i := range state.MaxWeeks {
		c.Weeks = append(c.Weeks, window.Week{Monday: window.Monday(int32(last)) - 7*int32(state.MaxWeeks-i), Mask: 0x7f})
	}
	for i := range state.MaxOrders {
		c.Orders = append(c.Orders, state.Order{Hash: state.KeyOf(r.Uint64()), At: at(i, state.MaxOrders), Net: 1,
			Refunded: 2, Adjusted: 3, Flags: state.OrderFlag(r.UintN(16)), Currency: euro})
	}
	for i := range state.MaxComplaints {
		opened := at(i, state.MaxComplaints)
		c.Complaints = append(c.Complaints, state.Complaint{Hash: state.KeyOf(r.Uint64()), OpenedAt: opened,
			StatusAt: opened + 1, Status: event.Opened, DueAt: opened + 2, Category: event.CategoryOther, CategoryAt: opened,
			Severity: 5, DueSetAt: opened + 1, ReopenedAt: opened + 1, Kinds: state.OfComplaint | state.OfDispute,
			ID: bytes.Repeat([]byte{'k'}, state.MaxID), OrderID: bytes.Repeat([]byte{'o'}, state.MaxID)})
	}
	for i := range state.MaxComplaintDays {
		c.ComplaintDays = append(c.ComplaintDays, state.ComplaintDay{Day: int32(last) - int32(i),
			Count: 1<<16 - 1, Category: event.CategoryOther})
	}
	c.LastComplaint = end
	c.Life = state.Life{Days: 9, Orders: 9, First: 1, Last: 2, Net: 3, RepeatNet: 4, RepeatDays: 5,
		ActivityDays: 6, FirstAct: 1, LastAct: 2, LostNet: -1}
	c.Profile = state.Profile{SegmentAt: 1, ConsentAt: 2, Segment: 1}
	c.Ratings = state.Ratings{Last: state.Rating{At: 2, Value: 5},
		Previous: state.Rating{At: 1, Value: 1}}
	c.Closing = state.Closing{At: 1, Reason: event.Fraud}
	c.Interest = state.Interest{ReferralAt: 1, ProspectAt: 2, ReviewAt: 3}
	st := standing{silence: end,
		state: policy.State{Flags: policy.FlagPurchased, Raised: maxEpisodes, LastPurchaseDay: last}}
	for i := range maxEpisodes {
		if i < maxComplaintTimes {
			which := signal.FirstResponse + signal.ComplaintTime(i%2)
			st.episodes = append(st.episodes, policy.Episode{Kind: policy.ComplaintSLABreached, Open: r.IntN(2) == 0,
				Subject: subjectOf(&c.Complaints[i/2], which), Number: uint32(i + 1), RaisedAt: at(i, maxEpisodes),
				MessageAt: end, CooldownUntil: end + event.Instant(i)*event.Day24h})
			continue
		}
		st.episodes = append(st.episodes, policy.Episode{Kind: 1 + policy.Kind(i%(policy.KindCount-1)), Open: r.IntN(2) == 0,
			Number: uint32(i + 1), RaisedAt: at(i, maxEpisodes), MessageAt: end, CooldownUntil: end +
				event.Instant(i)*event.Day24h})
	}
	st.save(c)
}

// TestFullRecordsTakeAnything: a record with every section full takes any events
// and any silence, stays within its limits, and is taken back to the byte.
func TestFullRecordsTakeAnything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		end := 20_000*event.Day24h + 12*event.Hour
		s, fx := New(testConfig(t, "Europe/Berlin")), newEffects()
		c := &s.customer
		id := customerID(1)
		s.slab.Begin(1, false)
		s.slab.Create(c, event.HashID(id), id)
		fillUp(c, rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0)), end)
		s.slab.Store(c)
		s.batch, s.clock = 1, end
		s.Commit()
		before := image(s)
		b := Batch{Number: 2, Clock: end, Wall: end, Events: lifetime(rt, 1, end+event.Hour, false)}
		apply := func() {
			if err := s.Apply(&b, fx); err != nil {
				rt.Fatal(err)
			}
		}
		apply()
		first := image(s)
		s.Undo()
		if !bytes.Equal(image(s), before) {
			rt.Fatal("the record is another after it was taken back")
		}
		apply()
		if !bytes.Equal(image(s), first) {
			rt.Fatal("the record is another the second time")
		}
		s.Commit()
		b = Batch{Number: 3, Clock: end + 900*event.Day24h, Wall: end + 900*event.Day24h}
		apply()
		s.Commit()
		if err := state.NewSlab().LoadPage(&state.PageCodec{}, image(s), 0, 0); err != nil {
			rt.Fatal(err)
		}
	})
}
