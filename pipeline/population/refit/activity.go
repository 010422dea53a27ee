package refit

import (
	"fmt"
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// maxActivityCells bounds the cells that activity days are fitted to: visitors
// come often, so that nearly every one is a cell of its own. Beyond, a customer
// counts only where its cell is there: the cells are those of customers in the order of
// places, so the newest of a very large base count less.
const maxActivityCells = 100_000

// addActivity counts the activity days of a customer that has been seen.
func (b *Base) addActivity(h *shard.History) {
	if !h.Seen {
		return
	}
	if b.seen == 0 || h.FirstActive < b.firstActive {
		b.firstActive = h.FirstActive
	}
	b.seen++
	first, last, x := fit.Day(h.FirstActive), fit.Day(h.LastActive), classOf(h.ActivityX)
	if b.activity.Len() < maxActivityCells || b.activity.Has(first, last, x) {
		b.activity.Add(first, last, x, 0)
	}
}

// classOf is the number of repeat days that stands for one: itself up to
// exactRepeats, the middle of an eighth of an octave beyond.
func classOf(x uint32) int {
	if x <= exactRepeats {
		return int(x)
	}
	middle := math.Exp2((float64(eighthOfOctave(float64(x))) + .5) / 8)
	return min(int(math.Round(middle)), btyd.MaxRepeats)
}

// activitySuffices reports whether activity days can be fitted: as many customers
// and days as the purchase model asks for.
func (b *Base) activitySuffices(until event.Day) bool {
	return b.seen >= MinCustomers && until-b.firstActive >= MinDays
}

// activityModel is the model of the activity days that is to be in force after
// before, nil for none, and why. Without enough of them, or where leaving cannot be
// told from pausing, there is none.
func (b *Base) activityModel(until event.Day, before *btyd.MBGNBD, afresh bool) (*btyd.MBGNBD, string, error) {
	if !b.activitySuffices(until) {
		return nil, fmt.Sprintf("%d customers have been seen on a day without a purchase; wanted are %d over %d days",
			b.seen, MinCustomers, MinDays), nil
	}
	points := b.activity.Points(fit.Day(until))
	var options fit.Options
	if b.seen < priorBelow {
		options.Prior = fit.ColdStart()
	}
	fitted, err := fitTwice(1, points, options)
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("fit the activity model: %w", err)
	case !fitted.Verdict.Converged:
		return before, "the search did not converge", nil
	case !fitted.DropoutIdentified():
		return nil, "by its fit nobody ever leaves", nil
	}
	now := modelOf(&fitted)
	if before != nil && !afresh {
		now = towards(*before, now)
	}
	if before != nil && !afresh && !(likelihood(btyd.MBG{MBGNBD: now}, points) > likelihood(btyd.MBG{MBGNBD: *before},
		points)) {
		return before, "what is in force explains the base as well", nil
	}
	return &now, fmt.Sprintf("fitted to %d customers", b.seen), nil
}
