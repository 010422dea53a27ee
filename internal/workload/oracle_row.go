package workload

import (
	"fmt"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// RowDifferences compares a customer's row with the events at the moment that
// the row describes, its as_of, and names each column that differs with both
// values. A row is compared by what is counted, not by what is modelled.
//
// It holds for rows that are not marked approximate, where every event up to
// as_of had been applied and none of another currency was refunded. An as_of
// that was read from a table with milliseconds must first be raised to the end
// of its millisecond.
func (o *Oracle) RowDifferences(row *signal.CustomerRow) []string {
	want, known := o.Customer(string(row.CustomerID), event.Instant(row.AsOf))
	if !known {
		return []string{"customer_id: no event of this customer by as_of"}
	}
	today := dayOf(event.Instant(row.AsOf))
	d := differences{}
	d.dates(row, want)
	d.windows(row, want, today)
	d.complaints(row, want, today)
	return d.columns
}

// differences collects the columns that differ.
type differences struct{ columns []string }

func differ[T comparable](d *differences, column string, got, want T) {
	if got != want {
		d.columns = append(d.columns, fmt.Sprintf("%s: %v, want %v", column, got, want))
	}
}

func (d *differences) dates(row *signal.CustomerRow, want *Customer) {
	first, last, x := edges(want.PurchaseDays)
	differ(d, "first_purchase_day", row.FirstPurchaseDay, first)
	differ(d, "last_purchase_day", row.LastPurchaseDay, last)
	differ(d, "frequency_repeat", row.FrequencyRepeat, x)
	differ(d, "is_repeat", row.IsRepeat, x > 0)
	differ(d, "purchase_days_life", row.PurchaseDaysLife, uint32(len(want.PurchaseDays)))
	first, last, x = edges(want.ActivityDays)
	differ(d, "first_activity_day", row.FirstActivityDay, first)
	differ(d, "last_activity_day", row.LastActivityDay, last)
	differ(d, "activity_x", row.ActivityX, x)
}

// edges returns the first and the last of some days, and how many follow the
// first.
func edges(days []event.Day) (first, last signal.Null[signal.Day], x uint32) {
	if len(days) == 0 {
		return first, last, 0
	}
	return signal.Some(signal.Day(days[0])), signal.Some(signal.Day(days[len(days)-1])), uint32(len(days) - 1)
}

func (d *differences) windows(row *signal.CustomerRow, want *Customer, today event.Day) {
	differ(d, "orders_life", row.OrdersLife, uint32(want.OrdersLife))
	differ(d, "monetary_net_life", row.MonetaryNetLife, signal.Money(want.NetLife))
	differ(d, "refunds_waiting_net", row.RefundsWaitingNet, signal.Money(want.RefundsWaiting))
	differ(d, "monetary_mean_repeat", row.MonetaryMeanRepeat.Value, want.MeanRepeat)
	differ(d, "orders_30d", row.Orders30d, uint32(want.Orders[30]))
	differ(d, "orders_90d", row.Orders90d, uint32(want.Orders[90]))
	differ(d, "orders_365d", row.Orders365d, uint32(want.Orders[365]))
	differ(d, "monetary_net_30d", row.MonetaryNet30d, signal.Money(want.Net[30]))
	differ(d, "monetary_net_90d", row.MonetaryNet90d, signal.Money(want.Net[90]))
	differ(d, "monetary_net_365d", row.MonetaryNet365d, signal.Money(want.Net[365]))
	inYear := uint32(0)
	for _, day := range want.PurchaseDays {
		if inside(day, today, 365) {
			inYear++
		}
	}
	differ(d, "purchase_days_365d", row.PurchaseDays365d, inYear)
	differ(d, "visits_7d", row.Visits7d, uint32(want.Visits[7]))
	differ(d, "visits_30d", row.Visits30d, uint32(want.Visits[30]))
	differ(d, "visits_90d", row.Visits90d, uint32(want.Visits[90]))
}

func (d *differences) complaints(row *signal.CustomerRow, want *Customer, today event.Day) {
	differ(d, "complaints_open", row.ComplaintsOpen, uint32(want.OpenComplaints))
	month, monthTotal := byCategory(want.Complaints[30])
	quarter, quarterTotal := byCategory(want.Complaints[90])
	differ(d, "complaints_30d_by_category", row.Complaints30dByCategory, month)
	differ(d, "complaints_90d_by_category", row.Complaints90dByCategory, quarter)
	differ(d, "complaints_30d", row.Complaints30d, monthTotal)
	differ(d, "complaints_90d", row.Complaints90d, quarterTotal)
	rating := signal.Null[uint8]{Value: want.LastRating, Valid: want.LastRating != 0}
	differ(d, "rating_last", row.RatingLast, rating)
	age := signal.Null[uint32]{}
	if want.OldestOpen != 0 {
		age = signal.Some(uint32(today - dayOf(want.OldestOpen)))
	}
	differ(d, "oldest_open_complaint_days", row.OldestOpenComplaintDays, age)
}

// byCategory puts counts into the order of the row's arrays.
func byCategory(counts map[event.Category]int) (array [event.CategoryCount]uint32, total uint32) {
	for category, n := range counts {
		array[category-1] += uint32(n)
		total += uint32(n)
	}
	return array, total
}
