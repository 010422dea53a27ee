package modelcli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/holdfast/holdfast/internal/civil"
	"github.com/holdfast/holdfast/internal/textfile"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/fit"
)

// purchaseRow is one row of a purchase log.
type purchaseRow struct {
	customer int32
	day      fit.Day
	number   int64         // of the row
	at       event.Instant // of two rows of one order the earlier counts
	order    uint64        // hash of the order's id; 0 for none
	id       uint64        // hash of the event's id; 0 for none
	amount   int64         // millionths; above 0 also where it is taken back
	kind     event.Kind
	status   event.Status
}

// takesBack reports whether the row lowers what its order brought.
func (r *purchaseRow) takesBack() bool { return r.kind == event.Refund || r.kind == event.Adjustment }

// millionth is the unit of amounts, so that sums are exact.
const millionth = 1e6

// purchaseLog is a log by customer, order and time.
type purchaseLog struct {
	rows       []purchaseRow
	ids        []string
	last       fit.Day
	read, bad  int
	complaints []string // the first few reasons of bad rows
	notes      []string // what was done that nobody asked for
	mapping    logMapping
}

const maxComplaints = 5

// readLog reads a whole purchase log. A bad row is counted and left out.
func readLog(t *table, m logMapping) (*purchaseLog, error) {
	log := &purchaseLog{last: math.MinInt32, mapping: m}
	numbers, currencies := map[string]int32{}, map[string]bool{}
	t.isRow = func(r record) bool { _, _, problem := m.read(t, r); return problem == "" }
	for {
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read row %d: %w", log.read+1, err)
		}
		log.read++
		if r.problem == "" && !allHold(m.where, t, r) {
			continue
		}
		id, row, problem := m.read(t, r)
		switch {
		case problem != "":
			log.complain(problem)
			continue
		case row.kind == event.KindNone:
			continue // neither a purchase nor about one
		}
		if currency := t.field(r, currencyName); currency != "" && !currencies[currency] {
			currencies[strings.Clone(currency)] = true
		}
		number, known := numbers[id]
		if !known {
			number = int32(len(log.ids))
			id = strings.Clone(id)
			numbers[id] = number
			log.ids = append(log.ids, id)
		}
		row.customer, row.number = number, int64(log.read)
		log.rows = append(log.rows, row)
		log.last = max(log.last, row.day)
	}
	log.sort()
	if m.value != "" && len(currencies) > 1 {
		log.notes = append(log.notes, fmt.Sprintf("amounts are of %d currencies (%s) and are added as they are: "+
			"say --where %s=CURRENCY", len(currencies), textfile.Listed(slices.Sorted(maps.Keys(currencies))), currencyName))
	}
	return log, nil
}

func (l *purchaseLog) complain(problem string) {
	l.bad++
	if len(l.complaints) < maxComplaints {
		l.complaints = append(l.complaints, fmt.Sprintf("row %d: %s", l.read, problem))
	}
}

func (l *purchaseLog) sort() {
	slices.SortFunc(l.rows, func(a, b purchaseRow) int {
		return cmp.Or(cmp.Compare(a.customer, b.customer), cmp.Compare(a.order, b.order),
			cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number))
	})
}

// allHold reports whether every condition column=value holds for a row.
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

// read returns one row's customer and purchase, or why it has none.
func (m *logMapping) read(t *table, r record) (id string, row purchaseRow, problem string) {
	if r.problem != "" {
		return "", row, r.problem
	}
	if id = t.field(r, m.customer); id == "" {
		return "", row, "no customer"
	}
	at, day, err := m.instant(t.field(r, m.date))
	if err != nil {
		return "", row, err.Error()
	}
	if day > m.today+1 {
		return "", row, fmt.Sprintf("date %.40q lies in the future", t.field(r, m.date))
	}
	row = purchaseRow{day: day, at: event.Instant(at.UnixMicro())}
	if row.kind, problem = m.kindOf(t, r); problem != "" || row.kind == event.KindNone {
		return id, row, problem
	}
	if strings.EqualFold(t.field(r, testName), "true") { // never applied
		row.kind = event.KindNone
		return id, row, ""
	}
	if row.status, problem = m.statusOf(t, r); problem != "" {
		return "", row, problem
	}
	if problem = m.readAmount(t, r, &row); problem != "" {
		return "", row, problem
	}
	row.order, row.id = m.orderOf(t, r, row.kind), hashed(t.field(r, eventIDName))
	return id, row, ""
}

// kindOf says what a row is: KindNone for one that is about no purchase.
func (m *logMapping) kindOf(t *table, r record) (event.Kind, string) {
	if slices.ContainsFunc(m.refunds, func(condition string) bool { return holds(condition, t, r) }) {
		return event.Refund, ""
	}
	text := t.field(r, m.kind)
	kind, known := event.ParseKind([]byte(text))
	switch {
	case known && kind.TypeOf() != event.Purchase:
		return event.KindNone, ""
	case known:
		return kind, ""
	case text != "" && m.kindGiven:
		return event.KindNone, fmt.Sprintf("%s = %.40q: want order, renewal, refund, cancel, adjustment or exchange",
			m.kind, text)
	}
	return event.Order, ""
}

// statusOf is the status of an order; none given means paid.
func (m *logMapping) statusOf(t *table, r record) (event.Status, string) {
	text := t.field(r, m.status)
	status, known := event.ParseStatus([]byte(text))
	switch {
	case known && !status.OfComplaint():
		return status, ""
	case text != "" && m.statusGiven:
		return event.StatusNone, fmt.Sprintf("%s = %.40q: want placed, paid, shipped, delivered, payment_failed or "+
			"chargeback",
			m.status, text)
	}
	return event.Paid, ""
}

// readAmount reads the amount; one below zero takes back.
func (m *logMapping) readAmount(t *table, r record, row *purchaseRow) string {
	if m.value == "" {
		if row.takesBack() { // nobody knows how much
			row.kind = event.Exchange
		}
		return ""
	}
	text := t.field(r, m.value)
	if text == "" && row.kind == event.Cancel {
		return ""
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(math.Abs(v) <= 1e12) {
		return fmt.Sprintf("%s = %.40q: want a number, up to 1e12", m.value, text)
	}
	if v < 0 && (row.kind == event.Order || row.kind == event.Renewal) {
		row.kind = event.Refund
	}
	row.amount = int64(math.Round(math.Abs(v) * millionth))
	return ""
}

// orderOf is the order that a row is, or is about.
func (m *logMapping) orderOf(t *table, r record, kind event.Kind) uint64 {
	if kind != event.Order && kind != event.Renewal {
		if about := t.field(r, m.about); about != "" {
			return hashed(about)
		}
	}
	return hashed(t.field(r, m.order))
}

func hashed(text string) uint64 {
	if text == "" {
		return 0
	}
	return max(1, xxhash.Sum64String(text))
}

// instant reads a date in the forms that are given, or as usual.
func (m *logMapping) instant(text string) (time.Time, fit.Day, error) {
	if m.times == nil {
		return parseInstant(text, m.zone)
	}
	at, ok := m.times.Parse([]byte(text))
	if !ok {
		return time.Time{}, 0, fmt.Errorf("date %.40q %s", text, m.times.Accepted())
	}
	instant := time.UnixMicro(int64(at))
	return instant, dayOf(instant.In(m.zone)), nil
}

// parseInstant reads a date or an instant, and returns its business day.
func parseInstant(text string, zone *time.Location) (time.Time, fit.Day, error) {
	at, ok := civil.Parse(text, zone)
	if !ok {
		return at, 0, fmt.Errorf("date %.40q: want 2006-01-02 or an instant like 2006-01-02T15:04:05Z", text)
	}
	return at, dayOf(at.In(zone)), nil
}

// parseDay is the business day of a date or an instant.
func parseDay(text string, zone *time.Location) (fit.Day, error) {
	_, day, err := parseInstant(text, zone)
	return day, err
}

func dayOf(at time.Time) fit.Day {
	year, month, day := at.Date()
	return fit.Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func dateOf(d fit.Day) string {
	return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly)
}
