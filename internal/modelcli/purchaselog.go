package modelcli

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast/holdfast/pipeline/population/fit"
)

// logMapping says which columns of a purchase log mean what.
type logMapping struct {
	customer, date, amount string
	where                  []string // column=value, all of which must hold
	refunds                []string // column=value, any of which makes a row a refund
	divisor                float64  // amounts are divided by it
	zone                   *time.Location
}

// Names that are recognised where no flag names the column.
var (
	customerNames = []string{"customer", "customer_id", "cust", "cust_id", "CustomerID", "id"}
	dateNames     = []string{"date", "occurred_at", "timestamp", "day", "order_date", "InvoiceDate", "t"}
)

// purchaseDay is all that one customer bought on one business day.
type purchaseDay struct {
	customer int32
	day      fit.Day
	bought   bool // false: refunds only
	amount   float64
}

// purchaseLog is a log by customer and day.
type purchaseLog struct {
	days       []purchaseDay // by customer, then day; one each
	ids        []string
	last       fit.Day
	rows, bad  int
	complaints []string // the first few reasons of bad rows
	hasAmount  bool
}

const maxComplaints = 5

// settle fills the columns that no flag names.
func (m *logMapping) settle(t *table) error {
	if m.customer == "" {
		m.customer = firstColumn(t, customerNames)
	}
	if m.date == "" {
		m.date = firstColumn(t, dateNames)
	}
	if m.customer == "" || m.date == "" {
		return usagef("the file has neither triples (x, t_x, T) nor known names of customer and date: "+
			"say --customer COLUMN --date COLUMN; the columns are %s", strings.Join(t.columns, ", "))
	}
	want := []string{m.customer, m.date}
	if m.amount != "" {
		want = append(want, m.amount)
	}
	for _, condition := range append(append([]string(nil), m.where...), m.refunds...) {
		column, _, ok := strings.Cut(condition, "=")
		if !ok {
			return usagef("--where, --refund %q: want column=value", condition)
		}
		want = append(want, column)
	}
	return t.require(want...)
}

func firstColumn(t *table, names []string) string {
	for _, name := range names {
		if t.has(name) {
			return name
		}
	}
	return ""
}

// readLog reads a whole purchase log. A bad row is counted and left out.
func readLog(t *table, m logMapping) (*purchaseLog, error) {
	log := &purchaseLog{last: math.MinInt32, hasAmount: m.amount != ""}
	numbers := map[string]int32{}
	for {
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read row %d: %w", log.rows+1, err)
		}
		log.rows++
		if r.problem == "" && !allHold(m.where, t, r) {
			continue
		}
		id, d, problem := m.read(t, r)
		if problem != "" {
			log.complain(problem)
			continue
		}
		number, known := numbers[id]
		if !known {
			number = int32(len(log.ids))
			id = strings.Clone(id)
			numbers[id] = number
			log.ids = append(log.ids, id)
		}
		d.customer = number
		log.days = append(log.days, d)
		log.last = max(log.last, d.day)
	}
	log.mergeDays()
	return log, nil
}

func (l *purchaseLog) complain(problem string) {
	l.bad++
	if len(l.complaints) < maxComplaints {
		l.complaints = append(l.complaints, fmt.Sprintf("row %d: %s", l.rows, problem))
	}
}

// allHold says whether every condition column=value holds for a row.
func allHold(conditions []string, t *table, r record) bool {
	for i := range conditions {
		if !holds(conditions[i], t, r) {
			return false
		}
	}
	return true
}

func holds(condition string, t *table, r record) bool {
	column, value, _ := strings.Cut(condition, "=")
	return t.field(r, column) == value
}

// read gives one row's customer and purchase, or why it has none. A negative
// amount, or a row that --refund names, is a refund: it makes no purchase day.
func (m logMapping) read(t *table, r record) (id string, d purchaseDay, problem string) {
	if r.problem != "" {
		return "", d, r.problem
	}
	if id = t.field(r, m.customer); id == "" {
		return "", d, "no customer"
	}
	at, err := parseDay(t.field(r, m.date), m.zone)
	if err != nil {
		return "", d, err.Error()
	}
	refund := slices.ContainsFunc(m.refunds, func(condition string) bool { return holds(condition, t, r) })
	d = purchaseDay{day: at, bought: !refund}
	if m.amount != "" {
		v, err := strconv.ParseFloat(t.field(r, m.amount), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return "", d, fmt.Sprintf("%s = %.40q: want a number", m.amount, t.field(r, m.amount))
		}
		if refund {
			v = -math.Abs(v)
		}
		d.amount, d.bought = v/m.divisor, v >= 0 && !refund
	}
	return id, d, ""
}

var (
	zonedLayouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00"}
	localLayouts = []string{time.DateOnly, "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04", "20060102"}
)

// parseDay is the business day of a date or an instant.
func parseDay(text string, zone *time.Location) (fit.Day, error) {
	for _, layout := range zonedLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return dayOf(at.In(zone)), nil
		}
	}
	for _, layout := range localLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return dayOf(at), nil
		}
	}
	return 0, fmt.Errorf("date %.40q: want 2006-01-02 or an instant like 2006-01-02T15:04:05Z", text)
}

func dayOf(at time.Time) fit.Day {
	year, month, day := at.Date()
	return fit.Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func dateOf(d fit.Day) string {
	return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly)
}

// mergeDays sorts and sums what falls on one day.
func (l *purchaseLog) mergeDays() {
	sort.Slice(l.days, func(i, j int) bool {
		a, b := l.days[i], l.days[j]
		if a.customer != b.customer {
			return a.customer < b.customer
		}
		return a.day < b.day
	})
	merged := l.days[:0]
	for _, d := range l.days {
		if n := len(merged); n > 0 && merged[n-1].customer == d.customer && merged[n-1].day == d.day {
			merged[n-1].amount += d.amount
			merged[n-1].bought = merged[n-1].bought || d.bought
			continue
		}
		merged = append(merged, d)
	}
	l.days = merged
}
