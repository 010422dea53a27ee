package explain

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones do not depend on the machine

	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// shop is a shard with one customer, whose days are counted from the first order.
type shop struct {
	t      *testing.T
	shard  *shard.Shard
	events []event.Event
	number int
	later  event.Instant // by how much the wall time is ahead
	tells  bool          // who waits to be told is told
	held   bool          // visits do not arrive
}

const customer = "c-1"

// begin is the day 0 of every shop.
var begin = event.Instant(time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC).UnixMicro())

func newShop(t *testing.T, change func(*score.Parameters, *policy.Config)) *shop {
	t.Helper()
	parameters := score.DefaultParameters()
	parameters.DataSufficiency, parameters.Version, parameters.Fitted = signal.SufficiencyOK, "5b3c1f00aa10", true
	parameters.Customers, parameters.FittedAt = 2357, begin-event.Day24h
	rules := policy.Default()
	rules.HoldoutPercent = 0
	if change != nil {
		change(&parameters, &rules)
	}
	if err := parameters.Prepare(); err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return &shop{t: t, shard: shard.New(shard.Config{
		Zone: shard.NewZone(zone), Lateness: event.Hour, Currency: [3]byte{'E', 'U', 'R'}, Segments: []string{"all"},
		Complaints: shard.ComplaintTimes{FirstResponse: 24 * event.Hour, Resolution: 5 * event.Day24h, SevereFrom: 4,
			SevereFirstResponse: 4 * event.Hour, SevereResolution: 2 * event.Day24h},
		Policy: &rules, Parameters: &parameters,
		Alerts: shard.AlertContext{Plays: policy.DefaultPlays(), CurrencyText: "EUR"},
	})}
}

func at(day float64) event.Instant { return begin + event.Instant(day*float64(event.Day24h)) }

// come lets something of the customer happen on a day.
func (s *shop) come(day float64, kind event.Kind, change func(*event.Event)) {
	s.number++
	e := event.Event{OccurredAt: at(day), Kind: kind, Type: kind.TypeOf(), CustomerID: []byte(customer),
		EventID: fmt.Appendf(nil, "e-%d", s.number), Input: uint8(kind.TypeOf())}
	if kind == event.Order {
		e.OrderHash, e.Currency, e.AmountNet = event.HashID(e.EventID), [3]byte{'E', 'U', 'R'}, 4000
	}
	if change != nil {
		change(&e)
	}
	e.CustomerHash, e.EventHash, e.RecordTime = event.HashID(e.CustomerID), event.HashID(e.EventID), e.OccurredAt
	s.events = append(s.events, e)
}

// orders come on these days.
func (s *shop) orders(days ...float64) {
	for _, day := range days {
		s.come(day, event.Order, nil)
	}
}

// until lets time run, day by day, with batches of their own time.
func (s *shop) until(day float64) {
	s.t.Helper()
	fx := &shard.Effects{Customers: score.NewCustomerBlock(signal.Meta{Currency: "EUR", TimeZone: "UTC"}),
		AlertRows: signal.NewAlertBlock(signal.Meta{Currency: "EUR", TimeZone: "UTC"}),
		Models:    signal.NewModelBlock(signal.Meta{Currency: "EUR", TimeZone: "UTC"})}
	clock := max(s.shard.Position().Clock, at(0))
	for {
		clock = min(clock+event.Day24h, at(day))
		b := &shard.Batch{Number: s.shard.Position().Batch + 1, Clock: clock, Wall: clock + event.Hour + s.later,
			ActivityHeld: s.held}
		if s.tells {
			b.Tell = s.shard.Untold(b.Wall, 1, nil)
		}
		for len(s.events) > 0 && s.events[0].OccurredAt <= clock {
			b.Events, s.events = append(b.Events, s.events[0]), s.events[1:]
		}
		if err := s.shard.Apply(b, fx); err != nil {
			s.t.Fatal(err)
		}
		s.shard.Commit()
		if clock == at(day) {
			return
		}
	}
}

// explain is what is told of the customer now.
func (s *shop) explain(change func(*pipeline.Explained)) *Document {
	s.t.Helper()
	e, ok := s.shard.Explain([]byte(customer))
	if !ok {
		s.t.Fatal("the customer is unknown")
	}
	x := &pipeline.Explained{Explanation: *e}
	if change != nil {
		change(x)
	}
	return Of(customer, x)
}

func written(t *testing.T, d *Document) string {
	t.Helper()
	var text strings.Builder
	if err := d.Write(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
