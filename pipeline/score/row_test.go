package score

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// busy is a customer of whom there is something to say in every column.
func busy() Statistics {
	s := buyer(4, 200, 300, 20)
	s.Visits7, s.Visits30, s.Visits90 = 1, 2, 3
	s.Orders30, s.Orders90, s.Orders365, s.PurchaseDays365 = 1, 2, 5, 5
	s.Net30, s.Net90, s.Net365, s.NetLife, s.RefundsWaiting = 100, 200, 500, 600, 50
	s.OrdersPrevious90, s.NetPrevious90, s.OrdersForeign90 = 1, 50, 1
	s.DaysToSecond, s.CategoryBreadth = 50, 3
	s.HasActivity, s.ActivityX, s.FirstActivityDay, s.LastActivityDay = true, 9, s.FirstDay, s.Today
	s.ComplaintsIn30, s.Complaints30[1], s.Complaints90[1] = 1, 1, 2
	s.ComplaintsOpen, s.OldestOpenAt, s.SLABreachedOpen = 1, s.Now-2*event.Day24h, true
	s.OldestOpenDay = s.Today - 3 // business days, not periods of 24 hours
	s.RatingLast, s.Approximate, s.OptedOut, s.DoNotRetain = 4, true, true, true
	return s
}

// undefined is a value of filled that is not defined.
const undefined = "undefined"

// filled gives the values of a row by column, as a reader of its block has them:
// uint64, int64, float64 or string, undefined, or a list of them.
func filled(t *testing.T, p *Parameters, in *Input) map[string]any {
	t.Helper()
	row := signal.NewRow(Layout())
	p.FillRow(in, row)
	return read(t, row)
}

func read(t *testing.T, row *signal.Row) map[string]any {
	t.Helper()
	block := NewCustomerBlock(signal.Meta{})
	block.Append(row)
	b, err := signal.Decode(block.Encode(nil))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	for _, c := range b.Columns {
		switch {
		case c.Defined != nil && !c.Defined[0]:
			values[c.Name] = undefined
		case c.Ends != nil && c.Kind == signal.KindText:
			values[c.Name] = c.Texts
		case c.Ends != nil:
			values[c.Name] = c.Numbers
		case c.Kind == signal.KindText:
			values[c.Name] = c.Texts[0]
		case c.Kind == signal.KindFloat, c.Kind == signal.KindMoneyFloat:
			values[c.Name] = math.Float64frombits(c.Numbers[0])
		case c.Kind == signal.KindMoney, c.Kind == signal.KindDay, c.Kind == signal.KindInstant:
			values[c.Name] = int64(c.Numbers[0])
		default:
			values[c.Name] = c.Numbers[0]
		}
	}
	return values
}

// TestEveryColumnIsFilled: by its family, where there is something to say.
func TestEveryColumnIsFilled(t *testing.T) {
	p := cdnow(t)
	p.DataSufficiency = signal.NoFit
	s := busy()
	var sc Scores
	p.Scores(&s, &sc)
	in := &Input{
		Statistics: &s, Scores: &sc, CustomerID: []byte("c-1"), Segment: "retail", Currency: "EUR", TimeZone: "UTC",
		Level: signal.LevelAtRisk, Lifecycle: signal.LifecycleAtRisk, AsOf: 1, Watermark: 2, ComputedAt: 3, Shard: 4, Seq: 5,
		Clock: signal.EventsClock,
	}
	row, empty := filled(t, p, in), read(t, signal.NewRow(Layout()))
	later := []string{"abc_class", "tier", "is_deleted"} // nothing fills them yet
	for column, value := range row {
		if isFilled := !reflect.DeepEqual(value, empty[column]); isFilled == slices.Contains(later, column) {
			t.Errorf("%s: %v, filled %v", column, value, isFilled)
		}
	}
	for column, want := range map[string]any{
		"oldest_open_complaint_days": uint64(3), "recency_days": uint64(100), "tenure_days": uint64(300),
		"complaints_90d": uint64(2), "inter_purchase_mean_days": 50., "monetary_mean_repeat": 2000., "level": "at_risk",
		"next_purchase_q90_ts": int64(s.LastDayStart) + int64(math.Round(sc.GapQ90Days*float64(event.Day24h))),
	} {
		if row[column] != want {
			t.Errorf("%s is %v, want %v", column, row[column], want)
		}
	}
	if again := filled(t, p, in); !reflect.DeepEqual(row, again) {
		t.Error("the same input gives another row")
	}
}

// TestFillRowBeginsAnew: nothing of the customer before is in a row.
func TestFillRowBeginsAnew(t *testing.T) {
	p, row := cdnow(t), signal.NewRow(Layout())
	s, nobody := busy(), Statistics{}
	var sc, none Scores
	p.Scores(&s, &sc)
	p.FillRow(&Input{Statistics: &s, Scores: &sc, CustomerID: []byte("c-1"), Segment: "a", Seq: 7}, row)
	in := &Input{Statistics: &nobody, Scores: &none, CustomerID: []byte("c-2")}
	p.FillRow(in, row)
	if got, want := read(t, row), filled(t, p, in); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestAmountsBeyondTheirColumnAreToldOf: a store's column holds fourteen digits
// before the point and saturates there.
func TestAmountsBeyondTheirColumnAreToldOf(t *testing.T) {
	for code, exponent := range map[string]uint8{"JPY": 0, "EUR": 2, "KWD": 3} {
		limit := math.Pow10(14 + int(exponent))
		columns := 0
		for _, c := range Layout().Columns() {
			if c.Type != signal.TypeMoney && c.Type != signal.TypeAmount {
				continue
			}
			columns++
			for amount, want := range map[float64]bool{limit: true, -limit: true, limit - 1024: false, 1024 - limit: false} {
				row := signal.NewRow(Layout())
				if c.Type == signal.TypeMoney {
					row.SetMoney(c.ID, signal.Money(amount))
				} else {
					row.SetAmount(c.ID, amount)
				}
				if got := row.Exceeds(limit); got != want {
					t.Errorf("%s, %s of %v minor units is cut: %v, want %v", code, c.Name, amount, got, want)
				}
			}
		}
		if columns < 10 {
			t.Errorf("%d columns of amounts: the test says little", columns)
		}
		p, s := cdnow(t), busy()
		p.CurrencyExponent, s.Approximate = exponent, false
		for net, want := range map[int64]uint64{600: 0, int64(limit / 2): 0, int64(limit): 1, -int64(limit): 1} {
			s.NetLife = net
			var sc Scores
			p.Scores(&s, &sc)
			if got := filled(t, p, &Input{Statistics: &s, Scores: &sc})["approximate"]; got != want {
				t.Errorf("%s: a life's net of %d is approximate: %v, want %v", code, net, got, want)
			}
		}
	}
}

func TestFarNextPurchaseIsNull(t *testing.T) {
	p := cdnow(t)
	p.Purchase.R = 1e-3
	s := buyer(0, 0, 10, 0)
	var sc Scores
	p.Scores(&s, &sc)
	row := filled(t, p, &Input{Statistics: &s, Scores: &sc})
	if row["next_purchase_q50_ts"] != undefined || row["next_purchase_q90_ts"] != undefined {
		t.Errorf("next purchases %v, %v: beyond a century, want null", row["next_purchase_q50_ts"],
			row["next_purchase_q90_ts"])
	}
}

func TestMonthOf(t *testing.T) {
	for day := event.Day(-30_000); day < 90_000; day++ {
		at := time.Unix(int64(day)*86400, 0).UTC()
		if got, want := monthOf(day), signal.Day(day)-signal.Day(at.Day()-1); got != want {
			t.Fatalf("month of %s begins on day %d, want %d", at.Format(time.DateOnly), got, want)
		}
	}
}
