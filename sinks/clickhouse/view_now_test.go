package clickhouse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
)

// nowRow is what the tests read of v_customers_at_risk_now, beside the stored row.
type nowRow struct {
	ID          string     `ch:"customer_id"`
	Version     string     `ch:"param_version"`
	Segment     string     `ch:"segment"`
	Basis       string     `ch:"p_alive_basis"`
	Zone        string     `ch:"time_zone"`
	Clock       string     `ch:"clock"`
	Date        time.Time  `ch:"business_date"`
	At          time.Time  `ch:"evaluated_at"`
	AsOf        time.Time  `ch:"as_of"`
	Watermark   time.Time  `ch:"watermark"`
	Alive       *float64   `ch:"p_alive"`
	Purchase    *float64   `ch:"p_alive_purchase"`
	Return30    *float64   `ch:"p_return_30d"`
	Return60    *float64   `ch:"p_return_60d"`
	Return90    *float64   `ch:"p_return_90d"`
	Recency     *uint32    `ch:"recency_days"`
	Tenure      *uint32    `ch:"tenure_days"`
	First       *time.Time `ch:"first_purchase_day"`
	Last        *time.Time `ch:"last_purchase_day"`
	X           uint32     `ch:"frequency_repeat"`
	FirstActive *time.Time `ch:"first_activity_day"`
	LastActive  *time.Time `ch:"last_activity_day"`
	ActivityX   uint32     `ch:"activity_x"`
}

// now reads the view.
func (r *rig) now() (rows []nowRow) {
	r.T.Helper()
	if err := r.conn.Select(r.T.Context(), &rows, `SELECT v.customer_id AS customer_id, v.param_version AS param_version,
			v.segment AS segment, v.p_alive_basis AS p_alive_basis, v.time_zone AS time_zone, v.clock AS clock, business_date, evaluated_at,
			v.as_of AS as_of, v.watermark AS watermark, v.p_alive AS p_alive, v.p_alive_purchase AS p_alive_purchase,
			v.p_return_30d AS p_return_30d, v.p_return_60d AS p_return_60d, v.p_return_90d AS p_return_90d,
			v.recency_days AS recency_days, v.tenure_days AS tenure_days, c.first_purchase_day AS first_purchase_day,
			c.last_purchase_day AS last_purchase_day, c.frequency_repeat AS frequency_repeat,
			c.first_activity_day AS first_activity_day, c.last_activity_day AS last_activity_day, c.activity_x AS activity_x
		FROM v_customers_at_risk_now AS v JOIN customer_current AS c FINAL ON c.customer_id = v.customer_id`); err != nil {
		r.T.Fatal(err)
	}
	return rows
}

// modelPair is by what a customer is scored.
type modelPair struct {
	purchase btyd.MBG
	activity btyd.MBGNBD
}

// versionOfModels is the parameters of one param_version: of all customers, and of
// the segment retail, which are the same where it has none of its own.
type versionOfModels struct{ whole, retail modelPair }

// models produces the parameters of n versions, v0, v1 ..., over their domain.
func (r *rig) models(rnd *rand.Rand, n int) []versionOfModels {
	draw := func() float64 { return math.Exp(rnd.Float64()*8 - 4) }
	drawn := func() btyd.MBGNBD { return btyd.MBGNBD{R: draw(), Alpha: draw(), A: draw(), B: draw()} }
	versions := make([]versionOfModels, n)
	parameters := signal.NewModelBlock(conformance.Euros)
	for i := range versions {
		write := func(name string, m btyd.MBG) {
			for shard := range uint16(2) { // every shard writes the same
				parameters.Append(&signal.ModelRow{ParamVersion: fmt.Sprint("v", i), Model: name, K: uint32(m.Order()),
					R: signal.Some(m.R), Alpha: signal.Some(m.Alpha), A: signal.Some(m.A), B: signal.Some(m.B),
					SrcPartition: shard, Seq: uint64(1_000_000 + i)})
			}
		}
		k := []int{1, 2, 3, btyd.MaxRegularity}
		whole := modelPair{btyd.MBG{MBGNBD: drawn(), K: k[i%4]}, drawn()}
		v := versionOfModels{whole, whole}
		write("purchase", whole.purchase)
		write("activity", btyd.MBG{MBGNBD: whole.activity})
		write("spend", btyd.MBG{MBGNBD: drawn()})
		if i%3 > 0 {
			v.retail.purchase = btyd.MBG{MBGNBD: drawn(), K: k[i/2%4]}
			write("purchase/retail", v.retail.purchase)
		}
		if i%3 > 1 {
			v.retail.activity = drawn()
			write("activity/retail", btyd.MBG{MBGNBD: v.retail.activity})
		}
		versions[i] = v
	}
	r.Produce(0, parameters.Encode(nil))
	return versions
}

func weeksBetween(from, to time.Time) float64 { return to.Sub(from).Hours() / 24 / 7 }

// check holds a row of the view equal to Go's models.
func (row *nowRow) check(t *testing.T, models []versionOfModels) {
	t.Helper()
	if row.Version == "unknown" {
		if row.Alive != nil || row.Purchase != nil || row.Return30 != nil || row.Return60 != nil || row.Return90 != nil {
			t.Errorf("%s has probabilities while its parameters are not there", row.ID)
		}
		return
	}
	var version int
	fmt.Sscanf(row.Version, "v%d", &version)
	m := models[version].whole
	if row.Segment == "retail" {
		m = models[version].retail
	}
	until := row.Date
	if until.Before(*row.Last) { // the customer bought on what is tomorrow in the row's zone
		until = *row.Last
	}
	h := btyd.History{X: int(row.X), TX: weeksBetween(*row.First, *row.Last), T: weeksBetween(*row.First, until)}
	want := map[string]float64{"p_alive_purchase": m.purchase.PAlive(h), "30": m.purchase.PReturn(h, 30./7),
		"60": m.purchase.PReturn(h, 60./7), "90": m.purchase.PReturn(h, 90./7)}
	got := map[string]*float64{"p_alive_purchase": row.Purchase, "30": row.Return30, "60": row.Return60,
		"90": row.Return90}
	switch got["p_alive"] = row.Alive; row.Basis {
	case "purchase":
		want["p_alive"] = want["p_alive_purchase"]
	case "activity":
		until = row.Date
		if until.Before(*row.LastActive) {
			until = *row.LastActive
		}
		want["p_alive"] = m.activity.PAlive(btyd.History{X: int(min(row.ActivityX, btyd.MaxRepeats)),
			TX: weeksBetween(*row.FirstActive, *row.LastActive), T: weeksBetween(*row.FirstActive, until)})
	default:
		if row.Alive != nil {
			t.Errorf("%s: p_alive %v, though nothing says by which days", row.ID, *row.Alive)
		}
	}
	for name, value := range want {
		if got[name] == nil || !(math.Abs(*got[name]-value) <= 1e-9) {
			t.Errorf("%s %s of %+v by %s, %+v: Go says %v, SQL %v", row.ID, name, h, row.Basis, m, value, got[name])
		}
	}
	recency, tenure := row.Date.Sub(*row.Last).Hours()/24, row.Date.Sub(*row.First).Hours()/24
	if float64(*row.Recency) != max(recency, 0) || float64(*row.Tenure) != max(tenure, 0) {
		t.Errorf("%s: %d days since the last purchase, %d since the first; want %v, %v", row.ID, *row.Recency, *row.Tenure,
			recency, tenure)
	}
}

var (
	zones    = []string{"Pacific/Kiritimati", "Pacific/Pago_Pago", "", "Europe/Berlin"}
	segments = []string{"retail", "all", ""}
)

// buyers produces the rows of n customers of a shard whose last purchases are up to
// 2000 days before today. All figures of theirs that the view makes anew are wrong.
func (r *rig) buyers(rnd *rand.Rand, shard uint16, n int, today signal.Day, more map[string]any) {
	r.customers(0, shard, n, func(i int, row *signal.Row) {
		first := today - signal.Day(rnd.IntN(2000)) - 1
		last, repeat := first, rnd.IntN(3)
		if repeat > 0 {
			repeat = 1 + rnd.IntN(100)
			last = first + signal.Day(rnd.IntN(int(today-first)))
		}
		version := fmt.Sprint("v", i%13)
		if i%13 == 12 {
			version = "unknown"
		}
		rowtest.SetAll(row, map[string]any{
			"customer_id": fmt.Sprintf("c%d-%d", shard, i), "first_purchase_day": first, "last_purchase_day": last,
			"frequency_repeat": repeat, "first_activity_day": first - 3, "last_activity_day": last + signal.Day(rnd.IntN(9)),
			"activity_x": repeat + 1 + 5*rnd.IntN(1500), "p_alive_basis": i % 3, "param_version": version,
			"time_zone": zones[i%4], "segment": segments[i%5%3],
			"p_alive": .25, "p_alive_purchase": .25, "p_return_90d": .125, "recency_days": 7777,
		})
		rowtest.SetAll(row, more)
	})
}

func instantOf(at time.Time) signal.Instant { return signal.Instant(at.UnixMicro()) }

// TestNowEqualsModel holds the SQL of v_customers_at_risk_now equal to Go's models,
// over the parameters' domain, for regular gaps and for activity days, too.
func TestNowEqualsModel(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	rnd := rand.New(rand.NewPCG(5, 6))
	models := r.models(rnd, 12)
	wall := time.Now()
	r.buyers(rnd, 0, 900, signal.Day(wall.Unix()/86_400), map[string]any{"clock": "honest",
		"as_of": instantOf(wall.AddDate(0, -3, 0)), "watermark": instantOf(wall.AddDate(0, -2, 0))})
	r.Running(r.loader())
	r.AwaitLoaded()
	rows := r.now()
	for i := range rows {
		checkDate(t, rows[i].Date, rows[i].Zone)
		rows[i].check(t, models)
	}
	if len(rows) != 900 {
		t.Errorf("%d rows", len(rows))
	}
}

// TestNowIsNotBeyondTheClock: where the clock follows the events, or nobody says
// what it follows, now is how far it has come, by the newest row of the shard.
func TestNowIsNotBeyondTheClock(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	rnd := rand.New(rand.NewPCG(7, 8))
	models := r.models(rnd, 12)
	reached := time.Date(2019, 5, 4, 22, 30, 0, 0, time.UTC)
	for shard, clock := range []string{"events", "", "honest"} {
		today := signal.Day(reached.Unix() / 86_400)
		for _, ago := range []int{40, 0} { // the newest row says how far the clock has come
			r.buyers(rnd, uint16(shard), 100+ago, today-signal.Day(ago), map[string]any{"clock": clock,
				"as_of": instantOf(reached.AddDate(0, 0, -ago)), "watermark": instantOf(reached.AddDate(0, 0, -ago))})
		}
		r.buyers(rnd, uint16(shard), 7, today, map[string]any{"clock": clock, // by an event that is ahead of the clock
			"as_of": instantOf(reached.Add(3 * time.Hour)), "watermark": instantOf(reached)})
	}
	r.Running(r.loader())
	r.AwaitLoaded()
	moments := map[string]int{}
	rows := r.now()
	for i := range rows {
		row := &rows[i]
		row.check(t, models)
		if !row.Watermark.Equal(reached) {
			t.Errorf("%s: watermark %v, want %v", row.ID, row.Watermark, reached)
		}
		want := reached
		if row.AsOf.After(reached) {
			want = row.AsOf
		}
		if row.Clock == "honest" {
			checkDate(t, row.Date, row.Zone)
		} else if zone, err := time.LoadLocation(row.Zone); err != nil || !row.At.Equal(want) ||
			row.Date.Format(time.DateOnly) != want.In(zone).Format(time.DateOnly) {
			t.Errorf("%s: as of %v, %s in %q, want %v; %v", row.ID, row.At, row.Date.Format(time.DateOnly), row.Zone, want, err)
		}
		moments[row.Clock+row.AsOf.Sub(reached).String()]++
	}
	if len(moments) != 9 || moments["events3h0m0s"] != 7 || moments["events-960h0m0s"] != 40 {
		t.Errorf("%v: the test says too little", moments)
	}
}

// checkDate wants the day that it is now in the zone; the query may have run
// the minute before.
func checkDate(t *testing.T, got time.Time, zone string) {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(location)
	if day := got.Format(time.DateOnly); day != now.Format(time.DateOnly) &&
		day != now.Add(-time.Minute).Format(time.DateOnly) {
		t.Errorf("business date %s in %q, want %s", day, zone, now.Format(time.DateOnly))
	}
}
