package score

import (
	"github.com/holdfast/holdfast/pipeline/event"
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
