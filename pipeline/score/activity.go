package score

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

const (
	firstActivityDay signal.ColumnID = 9
	lastActivityDay  signal.ColumnID = 10
	activityX        signal.ColumnID = 11
)

// ActivityFigures are the activity days: those with a purchase or an acting visit.
// The days hold nothing unless HasActivity.
type ActivityFigures struct {
	HasActivity      bool
	ActivityX        uint32 // repeat activity days, the first excluded
	FirstActivityDay event.Day
	LastActivityDay  event.Day
}

// activity is on which days the customer bought or came.
var activity = family{
	name: "activity",
	columns: []signal.ColumnSpec{
		{ID: firstActivityDay, Name: "first_activity_day", Type: signal.TypeDay, Null: true, History: true,
			Doc: "first day with a purchase or an acting visit"},
		{ID: lastActivityDay, Name: "last_activity_day", Type: signal.TypeDay, Null: true, History: true,
			Doc: "latest day with a purchase or an acting visit"},
		{ID: activityX, Name: "activity_x", Type: signal.TypeCount, Unit: "days", History: true,
			Doc: "repeat activity days (the first excluded)"},
	},
	fill: func(_ *Parameters, in *Input, row *signal.Row) {
		s := in.Statistics
		row.SetCount(activityX, s.ActivityX)
		if s.HasActivity {
			row.SetDay(firstActivityDay, signal.Day(s.FirstActivityDay))
			row.SetDay(lastActivityDay, signal.Day(s.LastActivityDay))
		}
	},
}

// ByActivity reports whether P(alive) of a customer is that of the activity days:
// there are parameters of them, the customer has been seen on a day without a
// purchase (of others the visits are not captured, so that none are missing), and
// visits arrive.
func (p *Parameters) ByActivity(s *Facts) bool {
	return p.HasActivity && !s.ActivityHeld && s.HasPurchase && IsSeen(s.X, s.ActivityX)
}

// aliveBasis is what P(alive) of a customer who has bought is that of.
func (p *Parameters) aliveBasis(s *Facts) signal.AliveBasis {
	if p.ByActivity(s) {
		return signal.AliveByActivity
	}
	return signal.AliveByPurchase
}

// IsSeen reports whether one with so many repeat purchase days and repeat activity
// days has been seen on a day without a purchase. Activity parameters are fitted
// to those alone, too.
func IsSeen(x, activityX uint32) bool { return activityX > x }

// TestsAlive reports whether P(alive) tells who is at risk: it is that of the
// activity days, or dropout is identified.
func (p *Parameters) TestsAlive(s *Facts) bool { return p.DropoutIdentified || p.ByActivity(s) }

// activityHistory is history of the activity days.
func activityHistory(s *Facts, day event.Day) btyd.History {
	day = max(day, s.LastActivityDay)
	return btyd.History{
		X:  int(min(s.ActivityX, btyd.MaxRepeats)),
		TX: float64(s.LastActivityDay-s.FirstActivityDay) / daysPerWeek,
		T:  float64(day-s.FirstActivityDay) / daysPerWeek,
	}
}
