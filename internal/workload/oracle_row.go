package workload

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
)

// Undefined is the text of a value that is not defined.
const Undefined = "-"

// counted are the columns of a customer's row that the oracle counts, with the
// text that it expects: whole numbers, minor units of money, 0 or 1, dates,
// lists with commas between; empty where it expects nothing. What is modelled is
// not counted.
var counted = []struct {
	column string
	text   func(c *Customer, today event.Day) string
}{
	{"first_purchase_day", func(c *Customer, _ event.Day) string { return firstOf(c.PurchaseDays) }},
	{"last_purchase_day", func(c *Customer, _ event.Day) string { return lastOf(c.PurchaseDays) }},
	{"frequency_repeat", func(c *Customer, _ event.Day) string { return number(c.Repeat) }},
	{"is_repeat", func(c *Customer, _ event.Day) string { return number(min(c.Repeat, 1)) }},
	{"purchase_days_life", func(c *Customer, _ event.Day) string { return number(len(c.PurchaseDays)) }},
	{"purchase_days_365d", daysOfYear},
	{"cohort_month", cohort},
	{"days_to_second_purchase", toSecond},
	{"recency_days", func(c *Customer, today event.Day) string { return since(c.PurchaseDays, c.LastPurchase, today) }},
	{"tenure_days", func(c *Customer, today event.Day) string { return since(c.PurchaseDays, c.FirstPurchase, today) }},
	{"first_activity_day", func(c *Customer, _ event.Day) string { return firstOf(c.ActivityDays) }},
	{"last_activity_day", func(c *Customer, _ event.Day) string { return lastOf(c.ActivityDays) }},
	{"activity_x", func(c *Customer, _ event.Day) string { return number(max(0, len(c.ActivityDays)-1)) }},
	{"orders_life", func(c *Customer, _ event.Day) string { return number(c.OrdersLife) }},
	{"orders_30d", func(c *Customer, _ event.Day) string { return number(c.Orders[30]) }},
	{"orders_90d", func(c *Customer, _ event.Day) string { return number(c.Orders[90]) }},
	{"orders_365d", func(c *Customer, _ event.Day) string { return number(c.Orders[365]) }},
	{"monetary_net_life", func(c *Customer, _ event.Day) string { return number(c.NetLife) }},
	{"monetary_net_30d", func(c *Customer, _ event.Day) string { return number(c.Net[30]) }},
	{"monetary_net_90d", func(c *Customer, _ event.Day) string { return number(c.Net[90]) }},
	{"monetary_net_365d", func(c *Customer, _ event.Day) string { return number(c.Net[365]) }},
	{"monetary_mean_repeat", meanRepeat},
	{"category_breadth", func(c *Customer, _ event.Day) string { return number(c.CategoryBreadth) }},
	{"orders_foreign_90d", func(c *Customer, _ event.Day) string { return number(c.OrdersForeign90) }},
	{"refunds_waiting_net", func(c *Customer, _ event.Day) string { return number(c.RefundsWaiting) }},
	{"visits_7d", func(c *Customer, _ event.Day) string { return number(c.Visits[7]) }},
	{"visits_30d", func(c *Customer, _ event.Day) string { return number(c.Visits[30]) }},
	{"visits_90d", func(c *Customer, _ event.Day) string { return number(c.Visits[90]) }},
	{"complaints_open", func(c *Customer, _ event.Day) string { return number(c.OpenComplaints) }},
	{"complaints_30d", func(c *Customer, _ event.Day) string { return total(c.Complaints[30]) }},
	{"complaints_90d", func(c *Customer, _ event.Day) string { return total(c.Complaints[90]) }},
	{"complaints_30d_by_category", func(c *Customer, _ event.Day) string { return byCategory(c.Complaints[30]) }},
	{"complaints_90d_by_category", func(c *Customer, _ event.Day) string { return byCategory(c.Complaints[90]) }},
	{"oldest_open_complaint_days", oldestOpen},
	{"rating_last", lastRating},
	{"opted_out", func(c *Customer, _ event.Day) string { return zeroOrOne(c.OptedOut) }},
	{"do_not_retain", func(c *Customer, _ event.Day) string { return zeroOrOne(c.DoNotRetain) }},
}

// CountedColumns names the columns that RowDifferences compares.
func CountedColumns() []string {
	columns := make([]string, len(counted))
	for i := range counted {
		columns[i] = counted[i].column
	}
	return columns
}

// RowDifferences compares a customer's row with the events at the moment that
// the row describes, its as_of, and names each column that differs with both
// values. Row has the text of each of CountedColumns; amounts with a fraction
// may differ by a hundredth, which is what a table keeps of them.
//
// It holds for rows that are not marked approximate, where every event up to
// as_of had been applied and none of another currency was refunded. An as_of
// that was read from a table with milliseconds must first be raised to the end
// of its millisecond.
func (o *Oracle) RowDifferences(id string, asOf event.Instant, row map[string]string) (differences []string) {
	want, known := o.Customer(id, asOf)
	if !known {
		return []string{"customer_id: no event of this customer by as_of"}
	}
	for _, c := range counted {
		expected := c.text(want, dayOf(asOf))
		if got := row[c.column]; expected != "" && got != expected && !nearly(got, expected) {
			differences = append(differences, fmt.Sprintf("%s: %s, want %s", c.column, got, expected))
		}
	}
	return differences
}

// nearly reports whether two amounts with a fraction are the same but for rounding to
// hundredths: the difference of two such neighbours may come out above .01.
func nearly(got, want string) bool {
	if !strings.Contains(want, ".") {
		return false
	}
	a, err := strconv.ParseFloat(got, 64)
	b, _ := strconv.ParseFloat(want, 64)
	return err == nil && math.Abs(a-b) < .015
}

func number[T int | int64 | uint8 | event.Day](n T) string { return strconv.FormatInt(int64(n), 10) }

func date(day event.Day) string { return time.Unix(86_400*int64(day), 0).UTC().Format(time.DateOnly) }

func firstOf(days []event.Day) string {
	if len(days) == 0 {
		return Undefined
	}
	return date(days[0])
}

func lastOf(days []event.Day) string {
	if len(days) == 0 {
		return Undefined
	}
	return date(days[len(days)-1])
}

func since(purchases []event.Day, day, today event.Day) string {
	if len(purchases) == 0 {
		return Undefined
	}
	return number(today - day)
}

func cohort(c *Customer, _ event.Day) string {
	if len(c.PurchaseDays) == 0 {
		return Undefined
	}
	return date(c.FirstPurchase)[:len("2006-01-")] + "01"
}

// toSecond expects nothing where a third day is older than what rows remember.
func toSecond(c *Customer, today event.Day) string {
	days := c.PurchaseDays
	switch {
	case len(days) < 2:
		return Undefined
	case len(days) > 2 && today-days[2] >= 400:
		return ""
	}
	return number(days[1] - days[0])
}

func daysOfYear(c *Customer, today event.Day) string {
	n := 0
	for _, day := range c.PurchaseDays {
		if inside(day, today, 365) {
			n++
		}
	}
	return number(n)
}

func meanRepeat(c *Customer, _ event.Day) string {
	if c.MeanRepeat == 0 {
		return Undefined
	}
	return strconv.FormatFloat(c.MeanRepeat, 'f', 2, 64)
}

func oldestOpen(c *Customer, today event.Day) string {
	if c.OldestOpen == 0 {
		return Undefined
	}
	return number(today - dayOf(c.OldestOpen))
}

func lastRating(c *Customer, _ event.Day) string {
	if c.LastRating == 0 {
		return Undefined
	}
	return number(c.LastRating)
}

func zeroOrOne(holds bool) string {
	if holds {
		return "1"
	}
	return "0"
}

func total(counts map[event.Category]int) string {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return number(sum)
}

// byCategory lists counts in the order of the categories.
func byCategory(counts map[event.Category]int) string {
	texts := make([]string, event.CategoryCount)
	for i := range texts {
		texts[i] = number(counts[event.Category(i+1)])
	}
	return strings.Join(texts, ",")
}
