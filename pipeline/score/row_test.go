package score

import (
	"math"
	"reflect"
	"slices"
	"strings"
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
	s.OrdersPrevious90, s.NetPrevious90 = 1, 50
	s.HasActivity, s.ActivityX, s.FirstActivityDay, s.LastActivityDay = true, 9, s.FirstDay, s.Today
	s.Complaints30[1], s.Complaints90[1] = 1, 2
	s.ComplaintsOpen, s.OldestOpenAt, s.SLABreachedOpen = 1, s.Now-2*event.Day24h, true
	s.OldestOpenDay = s.Today - 3 // business days, not periods of 24 hours
	s.RatingLast, s.Approximate = 4, true
	return s
}

func TestFillRowFillsWhatItSays(t *testing.T) {
	p := cdnow(t)
	p.DataSufficiency = signal.NoFit
	s := busy()
	var sc Scores
	p.Scores(&s, &sc)
	var row signal.CustomerRow
	p.FillRow(&s, &sc, &row)
	callers := []string{"CustomerID", "Segment", "Currency", "TimeZone", "Level", "LifecycleState", "ABCClass",
		"Tier", "AsOf", "Watermark", "ComputedAt", "SrcPartition", "Seq", "IsDeleted"}
	v := reflect.ValueOf(row)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if filled := !v.Field(i).IsZero(); filled == slices.Contains(callers, name) {
			t.Errorf("%s: filled %v", name, filled)
		}
	}
	if row.OldestOpenComplaintDays.Value != 3 || row.RecencyDays.Value != 100 || row.TenureDays.Value != 300 ||
		row.Complaints90d != 2 || row.InterPurchaseMean.Value != 50 || row.MonetaryMeanRepeat.Value != 2000 {
		t.Errorf("row %+v", row)
	}
	want := signal.Instant(s.LastDayStart) + signal.Instant(sc.GapQ90Days*float64(event.Day24h))
	if got := row.NextPurchaseQ90.Value; got < want-1 || got > want+1 {
		t.Errorf("next purchase %d, want %d", got, want)
	}
}

// TestAmountsBeyondTheirColumnAreToldOf: ClickHouse's column holds fourteen
// digits before the point and saturates there.
func TestAmountsBeyondTheirColumnAreToldOf(t *testing.T) {
	for code, exponent := range map[string]uint8{"JPY": 0, "EUR": 2, "KWD": 3} {
		p := cdnow(t)
		p.CurrencyExponent = exponent
		limit := math.Pow10(14 + int(exponent))
		v := reflect.TypeFor[signal.CustomerRow]()
		columns := 0
		for i := range v.NumField() {
			if !strings.Contains(v.Field(i).Tag.Get("type"), "Decimal(18, 4)") {
				continue
			}
			columns++
			for amount, want := range map[float64]bool{limit: true, -limit: true, limit - 1024: false, 1024 - limit: false} {
				var row signal.CustomerRow
				switch f := reflect.ValueOf(&row).Elem().Field(i); f.Kind() {
				case reflect.Int64:
					f.SetInt(int64(amount))
				default:
					f.Set(reflect.ValueOf(signal.Some(amount)))
				}
				if got := p.cutsAmounts(&row); got != want {
					t.Errorf("%s, %s of %v minor units is cut: %v, want %v", code, v.Field(i).Name, amount, got, want)
				}
			}
		}
		if columns < 10 {
			t.Errorf("%d columns of amounts: the test says little", columns)
		}
		s := busy()
		s.Approximate = false
		for net, want := range map[int64]bool{600: false, int64(limit): true} {
			s.NetLife = net
			var sc Scores
			p.Scores(&s, &sc)
			var row signal.CustomerRow
			if p.FillRow(&s, &sc, &row); row.Approximate != want {
				t.Errorf("%s: a life's net of %d is approximate: %v, want %v", code, net, row.Approximate, want)
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
	var row signal.CustomerRow
	p.FillRow(&s, &sc, &row)
	if row.NextPurchaseQ50.Valid || row.NextPurchaseQ90.Valid {
		t.Errorf("next purchases %v, %v: beyond a century, want null", row.NextPurchaseQ50, row.NextPurchaseQ90)
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
