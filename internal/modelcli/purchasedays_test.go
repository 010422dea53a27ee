package modelcli

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
)

// triplesOf runs fit and returns the triples by customer.
func triplesOf(t *testing.T, log string, args ...string) (triples map[string]map[string]string, stderr string) {
	t.Helper()
	base := filepath.Join(t.TempDir(), "base.csv")
	_, stderr, code := execute(t, NewFitCommand(), log, append(args, "--starts", "1", "--triples", base, "-")...)
	if code != 0 && code != exitPartial {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	triples = map[string]map[string]string{}
	for _, line := range csvLines(t, base) {
		triples[line["customer"]] = line
	}
	return triples, stderr
}

// others are rows of customers who only make a fit possible.
func others(row func(customer, order, date string) string) string {
	var text strings.Builder
	for i := range 20 {
		for j := range 4 {
			text.WriteString(row(fmt.Sprint("other-", i), fmt.Sprint("x", i, "-", j), fmt.Sprintf("2024-%02d-%02d", 1+3*j, 1+i)))
		}
	}
	return text.String()
}

// Cases in which an order is brought back, as the processor counts them: x, the
// weeks from first to last, and the mean value of the repeat days.
func TestPurchaseDaysOfOrders(t *testing.T) {
	const until = "2024-12-30"
	for name, test := range map[string]struct {
		rows string // date order amount kind
		want map[string]string
	}{
		"whole refund": {"01-01 a 10 sale,02-05 b 40 sale,02-20 b 40 refund",
			map[string]string{"x": "0", "t_x": "0"}},
		"two of one day": {"01-01 a 10 sale,02-05 b 40 sale,02-05 c 7 sale,03-01 b 40 refund",
			map[string]string{"x": "1", "t_x": "5", "m_x": "7"}},
		"not the last one": {"01-01 a 10 sale,02-05 b 40 sale,02-12 c 40 sale,03-01 b 40 refund",
			map[string]string{"x": "1", "t_x": "6", "m_x": "40"}},
		"same day": {"01-01 a 10 sale,02-05 b 40 sale,02-05 b 40 refund", map[string]string{"x": "0"}},
		"more than the order": {"01-01 a 10 sale,02-05 b 40 sale,02-05 c 50 sale,02-06 b 45 refund",
			map[string]string{"x": "1", "m_x": "45"}},
		"before its order": {"01-01 a 10 sale,01-05 b 40 refund,02-05 b 40 sale,02-12 c 5 sale",
			map[string]string{"x": "1", "t_x": "6"}},
		"in part": {"01-01 a 10 sale,02-05 b 40 sale,02-06 b 15 refund",
			map[string]string{"x": "1", "m_x": "25"}},
		"in parts to nothing": {"01-01 a 10 sale,02-05 b 30.30 sale,02-06 b 10.10 refund,02-07 b 20.20 refund",
			map[string]string{"x": "0"}},
		"cancelled": {"01-01 a 10 sale,02-05 b 40 sale,02-06 b 0 cancel", map[string]string{"x": "0"}},
		"cancelled, one beside": {"01-01 a 10 sale,02-05 b 40 sale,02-05 c 4 sale,02-06 b 0 cancel",
			map[string]string{"x": "1", "m_x": "4"}},
		"adjusted to nothing": {"01-01 a 10 sale,02-05 b 40 sale,02-06 b 40 adjustment",
			map[string]string{"x": "1", "m_x": "0"}},
		"exchanged": {"01-01 a 10 sale,02-05 b 40 sale,02-06 b 40 exchange",
			map[string]string{"x": "1", "m_x": "40"}},
		"the first one": {"01-01 a 10 sale,02-05 b 40 sale,02-12 c 4 sale,02-20 a 10 refund",
			map[string]string{"x": "1", "t_x": "1"}},
		"all": {"01-01 a 10 sale,01-02 a 10 refund", nil},
		"of no known order": {"01-01 a 10 sale,02-05 b 40 sale,02-06 z 40 refund",
			map[string]string{"x": "1", "m_x": "40"}},
		"nothing was paid": {"01-01 a 10 sale,02-05 b 0 sale", map[string]string{"x": "1", "m_x": "0"}},
		"a negative row":   {"01-01 a 10 sale,02-05 b 40 sale,02-06 b -40 sale", map[string]string{"x": "0"}},
		"lines of an order": {"01-01 a 10 sale,02-05 b 10 sale,02-05 b 30 sale,02-06 b 25 refund",
			map[string]string{"x": "1", "m_x": "15"}},
		"a repeated row": {"01-01 a 10 sale,02-05 b 40 sale,02-05 b 40 sale,02-06 b 40 refund",
			map[string]string{"x": "0"}},
	} {
		row := func(customer, order, date, amount, kind string) string {
			return fmt.Sprintf("%s,%s,%s,%s,%s\n", customer, date, order, amount, kind)
		}
		var text strings.Builder
		for _, line := range strings.Split(test.rows, ",") {
			f := strings.Fields(line)
			text.WriteString(row("k", f[1], "2024-"+f[0], f[2], f[3]))
		}
		text.WriteString(others(func(customer, order, date string) string { return row(customer, order, date, "5", "sale") }))
		for _, header := range []string{"cust,date,order_id,amount,kind\n", "cust,date,number,amount,what\n"} {
			args := []string{"--amount", "amount", "--until", until}
			if strings.Contains(header, "number") {
				header = strings.Replace(header, "what", "kind", 1)
				args = append(args, "--order", "number")
			}
			got, _ := triplesOf(t, header+text.String(), args...)
			if test.want == nil {
				if got["k"] != nil {
					t.Errorf("%s: %v, want none", name, got["k"])
				}
				continue
			}
			for column, want := range test.want {
				if got["k"][column] != want {
					t.Errorf("%s: %s = %q, want %s", name, column, got["k"][column], want)
				}
			}
		}
	}
}

// What is taken back counts also where the amounts are not asked for.
func TestRefundsWithoutAskingForAmounts(t *testing.T) {
	row := func(customer, order, date string) string { return customer + "," + date + "," + order + ",5,sale\n" }
	log := "customer,date,order,amount,kind\nk,2024-01-01,a,10,sale\nk,2024-02-05,b,40,sale\nk,2024-02-06,b,40,refund\n" +
		others(row)
	got, _ := triplesOf(t, log, "--refund", "kind=refund")
	if got["k"]["x"] != "0" || got["other-3"]["x"] != "3" {
		t.Errorf("%v, %v", got["k"], got["other-3"])
	}
	if _, said := got["k"]["m_x"]; said {
		t.Errorf("%v has values", got["k"])
	}
	got, stderr := triplesOf(t, strings.ReplaceAll(log, "amount", "what"), "--refund", "kind=refund")
	if got["k"]["x"] != "1" ||
		!strings.Contains(stderr, "refunds without amounts take nothing back: say --amount COLUMN") {
		t.Errorf("%v, %s", got["k"], stderr)
	}
}

// What is taken back from a purchase that is not there is told.
func TestRefundsOfNoPurchaseAreTold(t *testing.T) {
	row := func(customer, order, date string) string { return customer + "," + date + "," + order + ",5\n" }
	for rows, want := range map[string]string{
		"k,2024-01-01,a,10\nk,2024-02-06,z,-40\nk,2024-02-07,,-1\nk,2024-02-08,,-1\n": "3 refunds or adjustments are " +
			"about a purchase that the log does not have; they lower nothing",
		"k,2024-01-01,a,10\nk,2024-02-06,a,-4\n": "",
	} {
		_, stderr := triplesOf(t, "customer,date,order,amount\n"+rows+others(row), "--amount", "amount")
		if !strings.Contains(stderr, want) || want == "" && strings.Contains(stderr, "does not have") {
			t.Errorf("%q: %s, want %q", rows, stderr, want)
		}
	}
}

// Without order ids a day stands for an order.
func TestPurchaseDaysWithoutOrders(t *testing.T) {
	for name, test := range map[string]struct {
		rows string // date amount
		want map[string]string
	}{
		"whole refund":      {"01-01 10,02-05 40,02-20 -40", map[string]string{"x": "0", "t_x": "0"}},
		"same day":          {"01-01 10,02-05 40,02-05 -40", map[string]string{"x": "0"}},
		"more than the day": {"01-01 10,02-05 40,02-06 -45,02-12 7", map[string]string{"x": "1", "t_x": "6", "m_x": "7"}},
		"in part":           {"01-01 10,02-05 40,02-06 -15", map[string]string{"x": "1", "m_x": "25"}},
		"before":            {"01-01 -10,01-02 10,02-05 40,02-12 4", map[string]string{"x": "1", "t_x": "1"}},
		"after until":       {"01-01 10,02-05 40,12-31 -40", map[string]string{"x": "1", "m_x": "40"}},
		"nothing was paid":  {"01-01 10,02-05 0", map[string]string{"x": "1"}},
		"all":               {"01-01 10,01-02 -10", nil},
	} {
		var text strings.Builder
		text.WriteString("cust,date,amount\n")
		for _, line := range strings.Split(test.rows, ",") {
			f := strings.Fields(line)
			fmt.Fprintf(&text, "k,2024-%s,%s\n", f[0], f[1])
		}
		text.WriteString(others(func(customer, _, date string) string { return customer + "," + date + ",5\n" }))
		got, _ := triplesOf(t, text.String(), "--amount", "amount", "--until", "2024-12-30")
		if test.want == nil && got["k"] != nil {
			t.Errorf("%s: %v, want none", name, got["k"])
		}
		for column, want := range test.want {
			if got["k"][column] != want {
				t.Errorf("%s: %s = %q, want %s", name, column, got["k"][column], want)
			}
		}
	}
}

// madeOrders are events of orders in all statuses, refunds, cancels and
// adjustments, some before their order, some sent twice.
func madeOrders(random *rand.Rand, customers int) (lines []string) {
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	number := 0
	for customer := range customers {
		for order := range 1 + random.IntN(9) {
			for range 1 + random.IntN(4) {
				number++
				day := start.Add(time.Duration(order*random.IntN(40)) * 24 * time.Hour)
				at := day.Add(time.Duration(random.IntN(86400)) * time.Second)
				id := fmt.Sprintf(`"order_id":"o%d"`, order)
				kind, status, amount := "order", []string{"placed", "paid", "shipped", "delivered",
					"payment_failed"}[random.IntN(5)], 1000*(1+random.IntN(3))
				switch random.IntN(12) {
				case 0, 1, 2:
					kind, amount = "refund", 500*(1+random.IntN(5))
				case 3:
					kind, amount = "adjustment", 700
				case 4:
					kind = "cancel"
				case 5:
					kind = "exchange"
				case 6:
					status = "chargeback"
				case 7:
					kind = "renewal"
				}
				if kind != "order" && kind != "renewal" {
					id = strings.Replace(id, "order_id", "ref_order_id", 1)
				} else {
					id += `,"status":"` + status + `"`
				}
				if kind == "order" || kind == "renewal" { // an order has one event a status
					at = start.Add(time.Duration(order*31+len(status)) * 24 * time.Hour)
					amount = 1000 * len(status)
				}
				line := fmt.Sprintf(`{"event_type":"purchase","event_id":"e%d","customer_id":"c%d","occurred_at":"%s","kind":"%s",%s,"currency":"EUR","amount_net":%d}`,
					number, customer, at.Format(time.RFC3339), kind, id, amount)
				lines = append(lines, line)
				if random.IntN(5) == 0 {
					lines = append(lines, line)
				}
			}
		}
	}
	return lines
}

// TestFitCountsAsTheProcessorDoes holds triples to the oracle that the
// processor is held to, for made-up orders and for a shop.
func TestFitCountsAsTheProcessorDoes(t *testing.T) {
	shop := workload.NewShop(workload.ShopConfig{Seed: 5, Customers: 300, HistoryDays: 500,
		End: workload.InstantOf(time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC))})
	var bought []string
	for item, ok := shop.Next(); ok; item, ok = shop.Next() {
		bought = append(bought, string(item.Value))
	}
	for name, lines := range map[string][]string{"made": madeOrders(rand.New(rand.NewPCG(7, 7)), 400), "shop": bought} {
		oracle := workload.NewOracle("EUR")
		decoder, err := json.New(decode.Config{Type: event.Purchase})
		if err != nil {
			t.Fatal(err)
		}
		purchases := 0
		for _, line := range lines {
			var e event.Event
			key := line[strings.Index(line, `"customer_id":"`)+len(`"customer_id":"`):]
			key = key[:strings.IndexByte(key, '"')]
			record := decode.Record{Value: []byte(line), HasValue: true, Key: []byte(key), HasKey: true,
				Timestamp: event.Instant(time.Now().UnixMicro())}
			if _, ok := decoder.Decode(&e, &record, &decode.Arena{}); ok {
				oracle.Add(&e)
				purchases++
			} else if name == "made" {
				t.Fatal(line)
			}
		}
		for _, until := range []string{"2024-06-30", "2025-03-01"} {
			last, err := time.Parse(time.DateOnly, until)
			if err != nil {
				t.Fatal(err)
			}
			got, stderr := triplesOf(t, strings.Join(lines, "\n"), "--format", "ndjson", "--amount", "amount_net",
				"--until", until,
				"--where", "event_type=purchase")
			want := oracle.At(event.Instant(last.AddDate(0, 0, 1).UnixMicro() - 1))
			compareWithOracle(t, name+" "+until, got, want)
			if name == "made" && !strings.Contains(stderr, "order order_id, kind kind, status status") {
				t.Errorf("%s: %s", name, stderr)
			}
		}
		t.Logf("%s: %d purchase events", name, purchases)
	}
}

func compareWithOracle(t *testing.T, name string, got map[string]map[string]string,
	want map[string]*workload.Customer) {
	t.Helper()
	compared, repeats := 0, 0
	for id, customer := range want {
		line := got[id]
		if len(customer.PurchaseDays) == 0 {
			if line != nil {
				t.Errorf("%s: %s bought nothing, but has %v", name, id, line)
			}
			continue
		}
		if line == nil {
			t.Errorf("%s: %s is not there", name, id)
			continue
		}
		weeks := strconv.FormatFloat(float64(customer.LastPurchase-customer.FirstPurchase)/7, 'g', 17, 64)
		mean, _ := strconv.ParseFloat(line["m_x"], 64)
		if line["x"] != strconv.Itoa(customer.Repeat) || line["t_x"] != weeks || mean < customer.MeanRepeat-1e-6 ||
			mean > customer.MeanRepeat+1e-6 {
			t.Errorf("%s: %s has %v, want x %d, t_x %s, m_x %v", name, id, line, customer.Repeat, weeks, customer.MeanRepeat)
		}
		compared++
		repeats += customer.Repeat
	}
	if compared < 100 || repeats < 100 {
		t.Errorf("%s: %d customers with %d repeats compared", name, compared, repeats)
	}
}
