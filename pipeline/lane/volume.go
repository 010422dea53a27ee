package lane

import (
	"slices"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
)

// A tracker may lose a part of the visits: a browser that blocks it, one site of
// two, a consent banner. The visits that are missing must not look like customers who
// have left. Each input of visits has a volume: how many come in a day, held against
// the same weekdays of the weeks before. Counted are acting visits of known customers,
// by the input's own event time, so that one that loads late is not judged before. The
// volume stands in the batch's entry, so that a restart goes by the same.

const (
	// usualShare and backShare, in percent of the usual volume: a drop is less than
	// the one, and is over from the other on.
	usualShare, backShare = 70, 80
	// leastUsual is the usual volume below which nothing is said.
	leastUsual = 100
	// leastWeeks is how many usual days of a weekday must be known.
	leastWeeks = 3
	// deviations is by how many standard deviations a drop must lie below the usual.
	deviations = 5
	// settleTime is how far into the next day an input must have come for a day to
	// count as complete: stragglers of several producers.
	settleTime = 6 * event.Hour
	// volumeDays is after how many days without any visit all is forgotten.
	volumeDays = 35
)

// volume is how much comes on an input of visits.
type volume struct{ checkpoint.Volume }

// countVisits takes up the visits of the batch at hand.
func (l *Lane) countVisits() {
	if l.cfg.QuietAfter == 0 {
		return
	}
	for i := range l.batch.Events {
		e := &l.batch.Events[i]
		if e.Type != event.Visit || e.CustomerHash == 0 || !e.Kind.Acts() {
			continue
		}
		in := &l.inputs[e.Input]
		if l.cfg.Inputs[e.Input].Decode.Type == event.Visit {
			if doubt := in.volume.count(min(e.OccurredAt, l.batch.Wall)); doubt != 0 {
				in.rhythm.doubt = max(in.rhythm.doubt, doubt)
			}
		}
	}
}

// count takes up a visit. Where that ends a drop it returns up to when what was
// missed may be missing, else 0.
func (v *volume) count(at event.Instant) (doubt event.Instant) {
	day := int64(at / event.Day24h)
	switch {
	case v.Day == 0 || day > v.Day+volumeDays:
		v.Volume = checkpoint.Volume{Day: day, Settled: true, Odd: 3} // the first day is not seen in full
	case day < v.Day-1:
		return 0 // comes late, or again
	}
	for v.Day < day {
		doubt = max(doubt, v.settle())
		v.roll()
	}
	if !v.Settled && at >= event.Instant(v.Day)*event.Day24h+settleTime {
		doubt = max(doubt, v.settle())
	}
	if n := &v.Recent[v.Day-day]; *n < 1<<31 {
		*n++
	}
	return doubt
}

// roll begins the next day. What leaves the recent days is usual, but for drops of more
// than a day: those of one day are, or a weekday would never get used to another volume.
func (v *volume) roll() {
	const around, alone = 7 << (checkpoint.RecentDays - 1), 1 << checkpoint.RecentDays
	if usual := v.usualOf(v.Day - checkpoint.RecentDays); v.Odd&alone == 0 || v.Odd&around == alone {
		copy(usual[1:], usual[:])
		usual[0] = v.Recent[checkpoint.RecentDays] + 1
	}
	copy(v.Recent[1:], v.Recent[:])
	v.Recent[0] = 0
	v.Odd = v.Odd << 1 & (1<<(checkpoint.RecentDays+2) - 1)
	v.Day++
	v.Settled = false
}

func (v *volume) usualOf(day int64) *[checkpoint.UsualWeeks]uint32 { return &v.Usual[(day%7+7)%7] }

// settle judges the day before the one under way, once.
func (v *volume) settle() (doubt event.Instant) {
	if v.Settled {
		return 0
	}
	v.Settled = true
	if v.Since == 0 {
		if days := v.dropped(); days > 0 {
			v.Since = v.Day - int64(days)
			v.Odd |= 1<<(days+1) - 2
		}
		return 0
	}
	lasted := event.Instant(v.Day-v.Since) * event.Day24h
	if v.isBack() {
		v.Since = 0
	} else if v.Odd |= 2; lasted >= longestHold {
		v.Volume = checkpoint.Volume{Day: v.Day, Settled: true, Odd: 3} // what comes now is usual from here on
	} else {
		return 0
	}
	return event.Instant(v.Day)*event.Day24h + min(lasted, longestHold)
}

// dropped returns over how many of the last complete days the volume has dropped,
// the fewest that tell; 0 if it has not. A day that is odd ends the look back.
func (v *volume) dropped() (days int) {
	seen, usual := uint64(0), uint64(0)
	spread := v.spread()
	for days = 1; days <= checkpoint.RecentDays && v.Odd>>days&1 == 0; days++ {
		n, known := v.usual(v.Day - int64(days))
		if !known {
			return 0
		}
		seen, usual = seen+uint64(v.Recent[days]), usual+n
		if usual < leastUsual || seen*100 >= usual*usualShare {
			continue
		}
		if missing := float64(usual - seen); missing*missing > deviations*deviations*spread*float64(usual) {
			return days
		}
	}
	return 0
}

// isBack reports whether a drop is over: the volume of the fewest last days for
// which something can be said is nearly the usual one.
func (v *volume) isBack() bool {
	seen, usual := uint64(0), uint64(0)
	for days := 1; days <= checkpoint.RecentDays && usual < leastUsual; days++ {
		n, _ := v.usual(v.Day - int64(days))
		seen, usual = seen+uint64(v.Recent[days]), usual+n
	}
	return usual < leastUsual || seen*100 >= usual*backShare
}

// usual is what comes on such a day: the second lowest of its weekday's latest
// usual days. A campaign or two do not raise it, nor does a day without visits lower
// it to nothing.
func (v *volume) usual(day int64) (n uint64, known bool) {
	days := *v.usualOf(day)
	if days[leastWeeks-1] == 0 {
		return 0, false
	}
	known4 := days[:]
	if days[checkpoint.UsualWeeks-1] == 0 {
		known4 = days[:leastWeeks]
	}
	slices.Sort(known4)
	return uint64(known4[1] - 1), true
}

// spread is the variance of a day's volume in multiples of its mean: 1 for visits
// that come by themselves, more where they come in flocks or with the weather. It is
// estimated from the usual days, without the quarter that is farthest off (a holiday,
// a campaign), and never below 1.
func (v *volume) spread() float64 {
	var off [7 * checkpoint.UsualWeeks]float64
	n := 0
	for w := range v.Usual {
		sum, days := uint64(0), 0
		for _, of := range v.Usual[w] {
			if of != 0 {
				sum, days = sum+uint64(of-1), days+1
			}
		}
		if days < 2 || sum == 0 {
			continue
		}
		mean := float64(sum) / float64(days)
		for _, of := range v.Usual[w][:days] {
			d := float64(of-1) - mean
			off[n] = float64(d*d) / mean * float64(days) / float64(days-1)
			n++
		}
	}
	kept := off[:n]
	slices.Sort(kept)
	kept = kept[:n-n/4]
	sum := 0.0
	for _, d := range kept {
		sum += d
	}
	return max(1, sum/float64(max(1, len(kept)))/trimmedShare)
}

// trimmedShare is the mean of the lower three quarters of a chi-squared variable of
// one degree of freedom, by which such an estimate is too low.
const trimmedShare = .369

// IsLow reports whether an input of visits brings much less than usual.
func (l *Lane) IsLow(input int) bool { return l.inputs[input].volume.Since != 0 }
