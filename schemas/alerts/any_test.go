package alerts_test

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// drawFigures draws the statistics of a customer of whom anything may be true,
// as far as a record may say it of one customer.
func drawFigures(t *rapid.T) *score.Statistics {
	const first = event.Day(18_000)
	s := &score.Statistics{}
	day := func(name string, most int) event.Day { return event.Day(rapid.IntRange(0, most).Draw(t, name)) }
	if s.HasPurchase = rapid.Bool().Draw(t, "bought"); s.HasPurchase {
		s.FirstDay, s.LastDay = first, first
		if s.X = rapid.Uint32Range(0, 200).Draw(t, "x"); s.X > 0 {
			s.LastDay += event.Day(s.X) + day("last", 1000)
		}
		s.PurchaseDaysLife = s.X + 1
		s.NetLife = rapid.Int64Range(-1e18, 1e18).Draw(t, "net")
		s.RepeatNetDays, s.RepeatNet = s.X, rapid.Int64Range(0, 1e18).Draw(t, "repeat net")
	}
	s.Today = max(first, s.LastDay) + day("silence", 1500)
	s.Now = event.Instant(s.Today)*event.Day24h + event.Instant(rapid.Int64Range(0, 1e10).Draw(t, "time"))
	if s.SLABreachedOpen = rapid.Bool().Draw(t, "late"); s.SLABreachedOpen {
		s.SLADueAt = s.Now - event.Instant(rapid.Int64Range(0, 1e13).Draw(t, "since"))
		s.SLABreachedOpenedAt = s.SLADueAt - event.Instant(rapid.Int64Range(0, 1e12).Draw(t, "allowed"))
		s.SLACategory = event.Category(rapid.IntRange(1, event.CategoryCount).Draw(t, "category"))
		s.ComplaintsOpen = 1
	}
	s.ComplaintsIn30 = rapid.Uint32Range(0, 40).Draw(t, "complaints")
	s.RatingLast, s.RatingPrevious = rapid.Uint8Range(0, 5).Draw(t, "rating"), rapid.Uint8Range(0, 5).Draw(t, "before")
	s.RefundInLastOrder, s.LateDelivery = rapid.Bool().Draw(t, "refund"), rapid.Bool().Draw(t, "delivery")
	orders, net := rapid.Uint32Range(0, 3), rapid.Int64Range(-500, 500)
	s.Orders90, s.OrdersPrevious90 = orders.Draw(t, "orders"), orders.Draw(t, "orders before")
	s.Net90, s.NetPrevious90 = net.Draw(t, "net 90"), net.Draw(t, "net before")
	s.VisitsPrevious90 = rapid.Uint32Range(0, 99).Draw(t, "visits before")
	s.VisitsSincePurchase = rapid.Uint32Range(0, 5).Draw(t, "visits")
	return s
}

// TestAnyAlertFitsTheSchema: whatever is true of a customer and whatever the
// message, consumers get what the schema says, and the same numbers again.
func TestAnyAlertFitsTheSchema(t *testing.T) {
	schema := compiled(t)
	p := score.DefaultParameters()
	for e := range p.Weights {
		p.Weights[e] = .3 // everything may be a reason
	}
	if err := p.Prepare(); err != nil {
		t.Fatal(err)
	}
	rules, plays := policy.Default(), policy.DefaultPlays()
	rapid.Check(t, func(rt *rapid.T) {
		p := p
		p.DropoutIdentified = rapid.Bool().Draw(rt, "identified")
		p.CurrencyExponent = rapid.SampledFrom([]uint8{0, 2, 3}).Draw(rt, "exponent")
		s := drawFigures(rt)
		var sc score.Scores
		p.Scores(s, &sc)
		kind := rapid.SampledFrom(policy.Kinds()).Draw(rt, "kind")
		a := &signal.Alert{
			AlertID: signal.AlertID([]byte("c"), kind.String(), 1), Kind: kind.Published(),
			Action: signal.Action(rapid.IntRange(int(signal.Raised), int(signal.Expired)).Draw(rt, "action")),
			Seq:    rapid.Uint32Min(2).Draw(rt, "seq"), CustomerID: []byte(rapid.StringN(1, 40, 128).Draw(rt, "id")),
			Segment: rapid.String().Draw(rt, "segment"), Level: signal.Level(rapid.IntRange(0, 4).Draw(rt, "level")),
			PreviousLevel: signal.Level(rapid.IntRange(0, 4).Draw(rt, "before")), Currency: "EUR",
			Suppressed: signal.Suppression(rapid.IntRange(0, int(signal.SuppressedHoldout)).Draw(rt, "suppressed")),
			RaisedAt:   signal.Instant(s.Now), AsOf: signal.Instant(s.Now), ComputedAt: signal.Instant(s.Now),
		}
		switch a.Action {
		case signal.Raised:
			a.Seq = 1
		case signal.Resolved:
			a.Resolve = signal.ResolveReason(rapid.IntRange(1, int(signal.ByPurchaseUndone)).Draw(rt, "why"))
		default: // no more to say
		}
		lead := rules.Lead(kind, s, &sc)
		p.FillAlert(s, &sc, &lead, a)
		a.SetPlay(&plays)
		text := a.AppendJSON(nil)
		if err := validate(t, schema, text); err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}
		readBack(rt, a, text)
	})
}

// readBack reads an alert as a consumer does, and compares its numbers.
func readBack(t *rapid.T, a *signal.Alert, text []byte) {
	var read struct {
		CustomerID string   `json:"customer_id"`
		AlertSeq   uint32   `json:"alert_seq"`
		PAlive     *float64 `json:"p_alive"`
		AtStake    *string  `json:"at_stake"`
		AsOf       string   `json:"as_of"`
		Suppressed bool
		Reasons    []struct {
			Code string
			Rank int
			Text string
		}
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339Nano, read.AsOf)
	if err != nil || at.UnixMicro() != int64(a.AsOf) || read.CustomerID != string(a.CustomerID) ||
		read.AlertSeq != a.Seq || read.Suppressed != (a.Suppressed != signal.NotSuppressed) {
		t.Fatalf("read back %+v, %v of %s", read, err, text)
	}
	if (read.PAlive != nil) != a.PAlive.Valid || read.PAlive != nil && math.Abs(*read.PAlive-a.PAlive.Value) > 5.1e-7 {
		t.Fatalf("p_alive %v of %+v", read.PAlive, a.PAlive)
	}
	if read.AtStake != nil {
		amount, err := strconv.ParseFloat(*read.AtStake, 64)
		minor := min(1e18, a.AtStake.Value)
		if want := minor / math.Pow10(int(a.CurrencyExponent)); err != nil || math.Abs(amount-want) > .51+want*1e-12 {
			t.Fatalf("at_stake %s of %g, %v", *read.AtStake, a.AtStake.Value, err)
		}
	}
	for i, r := range read.Reasons {
		if r.Rank != i+1 || r.Code != a.Reasons[i].Code.String() || r.Text != a.Reasons[i].Text() {
			t.Fatalf("reason %d is %+v, want %+v", i, r, a.Reasons[i])
		}
		for _, other := range read.Reasons[:i] {
			if other.Code == r.Code {
				t.Fatalf("%s is told twice: %s", r.Code, text)
			}
		}
	}
}
