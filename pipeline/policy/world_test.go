package policy

import (
	"math"
	"slices"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// world is one imagined customer: what it does, and the facts that follow from
// it, with a P(alive) that falls with the days of silence.
type world struct {
	room     Room
	config   Config
	state    State
	episodes []Episode
	said     []Transition
	next     event.Instant

	now        event.Instant
	x          uint32
	has        bool
	last       event.Day
	half       float64 // days of silence at which P(alive) is one half
	due        []event.Instant
	times      []ComplaintTime // of all complaints, at most 16
	made       uint64
	complained []event.Instant
	lastMade   event.Instant
	closed     bool
	optedOut   bool
	vip        bool
	severe     bool // are its complaints
	identified bool
	modelSince event.Instant
	ladder     signal.Ladder
}

func newWorld() *world {
	w := &world{
		config: Default(), now: 20_000 * event.Day24h, half: 40, identified: true, next: Never,
	}
	w.config.HoldoutPercent = 0
	return w
}

func dayOf(at event.Instant) event.Day    { return event.Day(at / event.Day24h) }
func startOf(day event.Day) event.Instant { return event.Instant(day) * event.Day24h }
func (w *world) alive(silence float64) float64 {
	return 1 / (1 + math.Exp((silence-w.half)/(w.half/5)))
}
func (w *world) overdue(silence float64) float64 {
	return 1 - math.Exp(-silence/(w.half/2))
}

// crossing is the first day on which the condition on silence holds, by trying.
func (w *world) crossing(holds func(silence float64) bool) event.Instant {
	for day := range event.Day(400) {
		if holds(float64(day)) {
			return startOf(w.last + day)
		}
	}
	return startOf(w.last + 400) // the cap
}

func (w *world) facts() Facts {
	f := Facts{
		Now: w.now, CustomerID: []byte("c-1"), HasPurchase: w.has, X: w.x, LastPurchaseDay: w.last,
		WatchAt: Never, AtRiskAt: Never, CriticalAt: Never, LostAt: Never, OverdueAt: Never,
		DropoutIdentified: w.identified, ByQuantile: !w.identified, ModelSince: w.modelSince,
		ValueRankMet: true, VIP: w.vip, ClassA: w.vip,
		SLADueAt: Never, Complaints30FallAt: Never, WindowEdgeAt: Never, LastComplaintAt: w.lastMade,
		ComplaintsOpen: uint32(len(w.due)), Closed: w.closed, OptedOut: w.optedOut, Ladder: w.ladder,
	}
	w.complaintFacts(&f)
	if !w.has {
		return f
	}
	silence := float64(dayOf(w.now) - w.last)
	f.PAlive, f.OverdueQuantile = millionths(w.alive(silence)), millionths(w.overdue(silence))
	below := func(border float64) event.Instant {
		return w.crossing(func(g float64) bool { return millionths(w.alive(g)) < millionths(border) })
	}
	above := func(border float64) event.Instant {
		return w.crossing(func(g float64) bool { return millionths(w.overdue(g)) > millionths(border) })
	}
	f.OverdueAt = above(w.config.OverdueWatch)
	if w.identified {
		f.WatchAt, f.AtRiskAt, f.LostAt = below(.5), below(.3), below(.03)
	} else {
		f.WatchAt, f.AtRiskAt, f.LostAt = above(.9), above(.95), above(.99)
	}
	f.CriticalAt = below(w.config.Critical.Enter)
	return f
}

func (w *world) complaintFacts(f *Facts) {
	for i := range w.times {
		t := &w.times[i]
		if t.Over == signal.ByComplaintResolved {
			continue
		}
		if t.Over = signal.ByComplaintDueLater; w.now >= t.DueAt {
			t.Over = signal.ResolveNone
		}
	}
	f.ComplaintTimes = w.times
	for _, due := range w.due {
		if w.now >= due {
			f.SLABreached, f.SLABrokenAt = true, max(f.SLABrokenAt, due)
			f.SevereBreached = w.severe
			f.Reasons = f.Reasons.With(signal.OpenComplaint)
		} else {
			f.SLADueAt = min(f.SLADueAt, due)
		}
	}
	const window = 30 * event.Day24h
	var recent []event.Instant // oldest first
	for _, at := range w.complained {
		if w.now < at+window {
			recent = append(recent, at)
		}
	}
	f.Complaints30 = uint32(len(recent))
	if n, most := len(recent), int(w.config.RepeatComplaints); n >= most {
		f.Complaints30FallAt = recent[n-most] + window
	}
}

func (w *world) judge() { w.judgeWith(func(*Facts) {}) }

func (w *world) judgeWith(change func(*Facts)) {
	f := w.facts()
	change(&f)
	w.episodes, w.said, w.next = w.config.Judge(&w.room, &w.state, w.episodes, &f, w.said)
}

// until lets time pass: every deadline asked for fires at its own instant.
func (w *world) until(at event.Instant) {
	for w.next <= at {
		w.now = w.next
		w.judge()
	}
	w.now = max(w.now, at)
}

func (w *world) days(n float64) { w.until(w.now + event.Instant(n*float64(event.Day24h))) }

func (w *world) purchase() {
	day := dayOf(w.now)
	if w.has && day > w.last {
		w.x++
	}
	if !w.has || day > w.last {
		w.last = day
	}
	w.has, w.closed = true, false
	w.ladder = signal.LadderFirst
	if w.x > 0 {
		w.ladder = signal.LadderRepeat
	}
	w.judge()
}

func (w *world) complain() {
	w.complained = append(w.complained, w.now)
	w.due = append(w.due, w.now+event.Day24h)
	w.made++
	w.times = append(w.times, ComplaintTime{Subject: w.made, DueAt: w.now + event.Day24h})
	if len(w.times) > 16 {
		w.times = slices.Delete(w.times, 0, 1)
		w.due = w.due[max(0, len(w.due)-16):]
	}
	w.lastMade = w.now
	w.judge()
}

func (w *world) settle() {
	w.due = nil
	for i := range w.times {
		w.times[i].Over = signal.ByComplaintResolved
	}
	w.judge()
}
