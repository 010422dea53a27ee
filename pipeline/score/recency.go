package score

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

const (
	cohortMonth       signal.ColumnID = 5
	firstPurchaseDay  signal.ColumnID = 6
	lastPurchaseDay   signal.ColumnID = 7
	frequencyRepeat   signal.ColumnID = 8
	purchaseDaysLife  signal.ColumnID = 13
	recencyDays       signal.ColumnID = 16
	tenureDays        signal.ColumnID = 17
	purchaseDays365d  signal.ColumnID = 25
	interPurchaseMean signal.ColumnID = 28
	isRepeat          signal.ColumnID = 29
	daysToSecond      signal.ColumnID = 74
)

// RecencyFigures are the purchase days beside those of the facts.
type RecencyFigures struct {
	PurchaseDaysLife uint32
	PurchaseDays365  uint32
	DaysToSecond     uint32 // from the first purchase day to the second; 0 where it is not known
}

// recency is on which days the customer bought, and how regularly.
var recency = family{
	name: "recency",
	columns: []signal.ColumnSpec{
		{ID: cohortMonth, Name: "cohort_month", Type: signal.TypeDay, Null: true,
			Doc: "first day of the month of the first purchase"},
		{ID: firstPurchaseDay, Name: "first_purchase_day", Type: signal.TypeDay, Null: true, History: true,
			Doc: "first purchase day"},
		{ID: lastPurchaseDay, Name: "last_purchase_day", Type: signal.TypeDay, Null: true, History: true,
			Doc: "latest purchase day"},
		{ID: frequencyRepeat, Name: "frequency_repeat", Type: signal.TypeCount, Unit: "days", History: true,
			Doc: "x: repeat purchase days (the first excluded)"},
		{ID: purchaseDaysLife, Name: "purchase_days_life", Type: signal.TypeCount, Unit: "days",
			Doc: "distinct purchase days ever"},
		{ID: recencyDays, Name: "recency_days", Type: signal.TypeCount, Unit: "days", Null: true,
			Doc: "days since the latest purchase day, at as_of"},
		{ID: tenureDays, Name: "tenure_days", Type: signal.TypeCount, Unit: "days", Null: true,
			Doc: "days since the first purchase day, at as_of"},
		{ID: purchaseDays365d, Name: "purchase_days_365d", Type: signal.TypeCount, Unit: "days",
			Doc: "distinct purchase days of the last 365 business days"},
		{ID: interPurchaseMean, Name: "inter_purchase_mean_days", Type: signal.TypeFloat, Unit: "days", Null: true,
			Doc: "t_x / x: mean days between purchase days"},
		{ID: isRepeat, Name: "is_repeat", Type: signal.TypeFlag, Doc: "1 where there is a repeat purchase day"},
		{ID: daysToSecond, Name: "days_to_second_purchase", Type: signal.TypeCount, Unit: "days", Null: true,
			Doc: "days from the first to the second purchase day; undefined before it, and from a third one on that is " +
				"older than the days that are remembered"},
	},
	edges: []edge{{Purchases, 365}},
	fill: func(_ *Parameters, in *Input, row *signal.Row) {
		s := in.Statistics
		row.SetCount(frequencyRepeat, s.X)
		row.SetFlag(isRepeat, s.X > 0)
		row.SetCount(purchaseDaysLife, s.PurchaseDaysLife)
		row.SetCount(purchaseDays365d, s.PurchaseDays365)
		setFloat(row, interPurchaseMean, in.Scores.MeanGapDays)
		if s.DaysToSecond > 0 {
			row.SetCount(daysToSecond, s.DaysToSecond)
		}
		if !s.HasPurchase {
			return
		}
		row.SetDay(cohortMonth, monthOf(s.FirstDay))
		row.SetDay(firstPurchaseDay, signal.Day(s.FirstDay))
		row.SetDay(lastPurchaseDay, signal.Day(s.LastDay))
		row.SetCount(recencyDays, uint32(s.RecencyDays()))
		row.SetCount(tenureDays, uint32(s.TenureDays()))
	},
}

// meanGap fills the mean gap t_x / x in days.
func meanGap(s *Facts, out *Scores) {
	if s.HasPurchase && s.X > 0 {
		out.MeanGapDays = signal.Some(float64(s.LastDay-s.FirstDay) / float64(s.X))
	}
}

// monthOf is the first day of a day's month in the Gregorian calendar, by
// counting within the 400-year cycle that begins on 1 March 2000.
func monthOf(day event.Day) signal.Day {
	const cycle, era = 146097, 11017 // days in 400 years; 2000-03-01
	d := (int(day)-era)%cycle + cycle
	d %= cycle
	century := min(d/36524, 3)
	d -= century * 36524
	d -= (d / 1461) * 1461
	d -= min(d/365, 3) * 365
	// d is the day of a year that begins in March; months repeat 31,30,31,30,31.
	month := (5*d + 2) / 153
	return signal.Day(day) - signal.Day(d-(153*month+2)/5)
}
