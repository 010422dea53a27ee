package modelcli

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Rows that the processor never applies, or that are about something else, are no
// purchases, and no faults either.
func TestRowsThatAreNoPurchases(t *testing.T) {
	const want = "k,2024-01-01,a,order,10,EUR,false\nk,2024-02-05,b,order,40,EUR,\n"
	row := func(customer, order, date string) string {
		return customer + "," + date + "," + order + ",order,5,EUR,\n"
	}
	for name, rows := range map[string]string{
		"a test":                 "k,2024-03-01,c,order,7,EUR,true\n",
		"a test, written so":     "k,2024-03-01,c,order,7,EUR,TRUE\n",
		"a refund for a test":    "k,2024-02-06,b,refund,40,EUR,true\n",
		"a visit":                "k,2024-03-01,,session,,,\n",
		"a complaint":            "k,2024-03-01,,complaint,,,\n",
		"an identity merge":      "k,2024-03-01,,identity_merge,,,\n",
		"a test without amount":  "k,2024-03-01,c,order,,EUR,true\n",
		"an exchange of nothing": "k,2024-03-01,z,exchange,7,EUR,\n",
	} {
		log := "customer,date,order,kind,amount,currency,is_test\n" + want + rows + others(row)
		got, stderr := triplesOf(t, log, "--amount", "amount", "--until", "2024-12-30")
		if got["k"]["x"] != "1" || got["k"]["t_x"] != "5" || got["k"]["m_x"] != "40" || strings.Contains(stderr, "left out") {
			t.Errorf("%s: %v, %s", name, got["k"], stderr)
		}
	}
}

// Amounts of several currencies are not one sum: it is told.
func TestAmountsOfSeveralCurrencies(t *testing.T) {
	row := func(customer, order, date string) string { return customer + "," + date + "," + order + ",5,EUR\n" }
	log := "customer,date,order,amount,currency\nk,2024-01-01,a,10,USD\nk,2024-02-01,b,10,CHF\n" + others(row)
	const words = "amounts are of 3 currencies (CHF, EUR, USD) and are added as they are: say --where currency=CURRENCY"
	for _, test := range []struct {
		args []string
		told bool
	}{{[]string{"--amount", "amount"}, true}, {nil, false}, {[]string{"--amount", "amount", "--where", "currency=EUR"},
		false}} {
		if _, stderr := triplesOf(t, log, test.args...); strings.Contains(stderr, words) != test.told {
			t.Errorf("%v: %s", test.args, stderr)
		}
	}
}

// Rows with the id of an order and rows without one may stand beside each other: a
// day that both have is one purchase day.
func TestOrdersAndDaysBesideEachOther(t *testing.T) {
	row := func(customer, order, date string) string { return customer + "," + date + "," + order + ",5\n" }
	for rows, want := range map[string]map[string]string{
		"01-01 a 10,02-05 b 40,02-05 - 2":             {"x": "1", "m_x": "42"},
		"01-01 a 10,02-05 - 2,02-12 b 40":             {"x": "2", "t_x": "6", "m_x": "21"},
		"01-01 - 10,02-05 b 40,02-06 b -40,02-05 - 3": {"x": "1", "m_x": "3"},
		"01-01 - 10,02-05 b 40,02-05 - 3,02-06 - -3":  {"x": "1", "m_x": "40"},
		"01-01 a 10,02-05 b 40,02-06 b -40,02-12 - 1": {"x": "1", "t_x": "6"},
		"01-01 - 10,01-01 a 5,01-02 a -5,02-05 b 40":  {"x": "1", "t_x": "5"},
	} {
		var text strings.Builder
		text.WriteString("customer,date,order,amount\n")
		for _, line := range strings.Split(rows, ",") {
			f := strings.Fields(line)
			fmt.Fprintf(&text, "k,2024-%s,%s,%s\n", f[0], strings.Trim(f[1], "-"), f[2])
		}
		got, _ := triplesOf(t, text.String()+others(row), "--amount", "amount", "--until", "2024-12-30")
		for column, want := range want {
			if got["k"][column] != want {
				t.Errorf("%s: %s = %q, want %s", rows, column, got["k"][column], want)
			}
		}
	}
}

// spendingLog is a log of customers who buy, spend and leave as the models say.
func spendingLog(customers int) string {
	random := rand.New(rand.NewPCG(11, 4))
	start := time.Date(2023, 1, 2, 0, 0, 0, 0, time.UTC)
	var text strings.Builder
	text.WriteString("customer,date,amount\n")
	for customer := range customers {
		day, level := random.IntN(60), 10+random.ExpFloat64()*30
		gap := 5 + random.ExpFloat64()*25
		for day < 600 {
			fmt.Fprintf(&text, "c%d,%s,%.2f\n", customer, start.AddDate(0, 0, day).Format(time.DateOnly),
				level*(0.5+random.Float64()))
			if random.Float64() < 0.15 {
				break
			}
			day += 1 + int(gap*random.ExpFloat64())
		}
	}
	return text.String()
}

// The table of what the model said and what came counts each customer and each
// purchase of the time after, whatever the model.
func TestCalibrationCountsWhatCame(t *testing.T) {
	t.Parallel()
	log := spendingLog(200)
	const until = "2023-12-31"
	later, returned, before := 0, map[string]bool{}, map[string]bool{}
	days := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(log), "\n")[1:] {
		cells := strings.Split(line, ",")
		if cells[1] <= until {
			before[cells[0]] = true
		} else if !days[cells[0]+cells[1]] {
			days[cells[0]+cells[1]] = true
			later++
			returned[cells[0]] = true
		}
	}
	for _, model := range []string{"bg-nbd", "mbg-nbd", "mbg-cnbd-k", "pareto-nbd"} {
		args := []string{"--model", model, "--starts", "1", "--until", until, "-"}
		if model == "mbg-cnbd-k" {
			args = append([]string{"--k", "1"}, args...)
		}
		d, _, _ := fitted(t, log, args...)
		c := d.Calibration
		if c == nil || d.Until != until || int(d.Customers) != len(before) || c.ActualPurchases != later ||
			c.ActualReturns != len(returned) || len(c.Bins) != calibrationBins {
			t.Fatalf("%s: %v customers, calibration %+v; want %d, %d purchases of %d", model, d.Customers, c, len(before), later,
				len(returned))
		}
		customers, purchases, last := 0, 0, -1.0
		for _, bin := range c.Bins {
			customers, purchases = customers+bin.Customers, purchases+bin.ActualPurchases
			if bin.PredictedReturn < last || bin.PredictedReturn > 1 || bin.ObservedReturn < 0 || bin.ObservedReturn > 1 {
				t.Errorf("%s: bin %+v after %v", model, bin, last)
			}
			last = bin.PredictedReturn
		}
		if customers != len(before) || purchases != later || !(c.Brier > 0 && c.Brier < 0.25) ||
			math.Abs(c.ExpectedReturns-float64(c.ActualReturns)) > 0.3*float64(len(before)) {
			t.Errorf("%s: %d customers, %d purchases, Brier %v, %v returns of %d", model, customers, purchases, c.Brier,
				c.ExpectedReturns, c.ActualReturns)
		}
	}
	if d, _, _ := fitted(t, log, "--starts", "1", "-"); d.Calibration != nil {
		t.Errorf("nothing lies after the last day: %+v", d.Calibration)
	}
}

// --spend puts the model of the spend beside that of the purchases, and it is that
// which gamma-gamma alone gives.
func TestSpendOfALog(t *testing.T) {
	t.Parallel()
	log := spendingLog(200)
	both, _, _ := fitted(t, log, "--starts", "1", "--amount", "amount", "--spend", "-")
	alone, _, _ := fitted(t, log, "--starts", "1", "--amount", "amount", "--model", "gamma-gamma", "-")
	weeks, _, _ := fitted(t, log, "--starts", "1", "--cells", "week", "-")
	if both.Spend == nil || both.Model != "mbg-nbd" || weeks.Spend != nil || weeks.CellsKind != "week" {
		t.Fatalf("spend %+v, %+v", both.Spend, weeks)
	}
	for _, name := range spendNames {
		if !(alone.Params[name] > 0) || both.Params[name] != alone.Params[name] || both.Spend.Params[name] !=
			alone.Params[name] {
			t.Errorf("%s is %v beside the model, %v alone", name, both.Params[name], alone.Params[name])
		}
	}
	cents, _, _ := fitted(t, log, "--starts", "1", "--amount", "amount", "--amount-divisor", "0.01", "--model",
		"gamma-gamma", "-")
	mean := func(d document) float64 { return d.Params["p"] * d.Params["nu"] / (d.Params["q"] - 1) }
	if ratio := mean(cents) / mean(alone); math.Abs(ratio-100) > 2 {
		t.Errorf("the mean spend is %v, in cents %v", mean(alone), mean(cents))
	}
	for _, name := range []string{"r", "alpha", "a", "b"} {
		if math.Abs(weeks.Params[name]-both.Params[name]) > 0.5*both.Params[name] {
			t.Errorf("%s is %v, by weeks %v", name, both.Params[name], weeks.Params[name])
		}
	}
	var empty strings.Builder
	empty.WriteString("customer,date,amount\n")
	for i := range 40 {
		fmt.Fprintf(&empty, "c%d,2024-01-%02d,0\nc%d,2024-03-%02d,0\n", i, 1+i%28, i, 1+i%28)
	}
	if _, stderr, code := execute(t, NewFitCommand(), empty.String(), "--amount", "amount", "--spend", "-"); code != 1 ||
		!strings.Contains(stderr, "gamma-gamma: ") {
		t.Errorf("nothing was spent: exit %d, %s", code, stderr)
	}
}
