package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// Most events are visits that change nothing that is judged. quiet is the
// judgement of such a visit: what decide would come to, at a fraction of its
// cost. It must never come to anything else, so it takes only what it can
// prove; everything it refuses is decided in full.
//
// The proof rests on the deadline: it is the least of all instants after the
// last judgement at which anything changes in silence. While the present lies
// before it, no crossing, window, due time, cooldown or expiry has been
// passed. A visit of someone who has bought adds one thing: the day on which
// it leaves its first window. What else a visit may change (the ladder of one
// who has never bought, referrals, closures, reasons of open alerts, levels
// that are left by a border that is looked at each day) is refused.

// quiet judges a visit on a business day, made before was the customer's last
// judgement. It returns false, having changed nothing, where decide must.
func (s *Shard) quiet(c *state.Customer, before event.Instant, visit event.Day, at moment) bool {
	// One that comes right after the last judgement stands for what waits only
	// for silence to be known.
	if c.Deadline <= at.now || c.Deadline == before+1 ||
		c.Rare.ClosedAt != 0 || c.Rare.ReferralAt != 0 || c.Rare.ReviewAt != 0 {
		return false
	}
	st := &s.judge.standing
	st.load(c)
	if !st.settled() || st.crossings.parameters != s.versions.hash {
		return false
	}
	today := s.cfg.Zone.DayOf(at.now)
	if visit <= today-window.VisitDays {
		return false
	}
	if d := c.Days.Find(int32(visit)); d != nil && d.Visits > 0 {
		leave := leaves(visit, today, visitWindows)
		if visit > st.crossings.lastDay {
			leave = min(leave, leaves(visit, today, intentWindows))
		}
		if leave != never {
			c.Deadline = min(c.Deadline, s.cfg.Zone.StartOf(leave))
		}
	}
	st.silence = min(max(at.silence, st.silence, 1), at.now)
	st.saveSilence(c)
	return true
}

// settled says whether nothing of a customer who has bought depends on the
// day's probabilities: no level holds and no alert is open.
func (st *standing) settled() bool {
	p := &st.state
	if p.Flags&^policy.FlagSecondTold != policy.FlagPurchased || p.AtRiskSince != 0 || p.CriticalSince != 0 || p.LostSince != 0 {
		return false
	}
	for i := range st.episodes {
		if st.episodes[i].Open {
			return false
		}
	}
	return true
}

// saveSilence writes back the one field that time moves, into a section that
// save has written.
func (st *standing) saveSilence(c *state.Customer) {
	copy(c.Opaque[standingHeadBytes:], asBytes(&st.silence))
}
