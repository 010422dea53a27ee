package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
)

// A generated shop, so that a clean clone tries the same way: sent in pieces
// while the program, the engine, and both are killed. Kafka stays up.
func TestAShopWhileProgramAndEngineAreKilled(t *testing.T) {
	items := shopItems(120, 90)
	w := newWorld(t)
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 3))
	kills := kills()
	t.Logf("seed %d, %d kills, %d events", seed, kills, len(items))
	running := w.start("run")
	for n := range kills {
		piece := items[n*len(items)/kills : (n+1)*len(items)/kills]
		w.run(0, "backfill", w.write(fmt.Sprintf("piece-%d.ndjson", n), ndjson(piece)))
		time.Sleep(time.Duration(100+random.IntN(1500)) * time.Millisecond)
		if n%3 != 0 {
			w.killClickHouse()
		}
		if n%3 != 1 {
			running.kill()
			running = w.start("run")
		}
	}
	w.settled()
	w.sameOpenAlerts()
	w.sameRows(oracleOf(t, items))
	w.throughTheDriver(len(customersOf(items)))
}

// shopItems are a shop's events, the last of some days ago.
func shopItems(customers, days int) []workload.Item {
	end := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -5)
	shop := workload.NewShop(workload.ShopConfig{Seed: 11, Customers: customers, End: workload.InstantOf(end),
		HistoryDays: days})
	var items []workload.Item
	for {
		item, ok := shop.Next()
		if !ok {
			return items
		}
		items = append(items, item)
	}
}

func customersOf(items []workload.Item) map[string]bool {
	all := map[string]bool{}
	for _, item := range items {
		all[string(item.Key)] = true
	}
	return all
}

func ndjson(items []workload.Item) []byte {
	var text []byte
	for _, item := range items {
		text = append(append(text, item.Value...), '\n')
	}
	return text
}

func oracleOf(t *testing.T, items []workload.Item) *workload.Oracle {
	t.Helper()
	oracle, arena := workload.NewOracle("EUR"), &decode.Arena{}
	now := workload.InstantOf(time.Now())
	for _, item := range items {
		d, err := json.New(decode.Config{Type: item.Topic, MaxValueBytes: 1 << 20, MaxFuture: event.Day24h})
		if err != nil {
			t.Fatal(err)
		}
		var e event.Event
		if reject, ok := d.Decode(&e, &decode.Record{Key: item.Key, Value: item.Value, HasKey: true, HasValue: true,
			Timestamp: now}, arena); !ok {
			t.Fatalf("event of the shop: %v", reject)
		}
		oracle.Add(&e)
		arena.Reset()
	}
	return oracle
}

// killClickHouse kills the child process of the engines, which start it again.
func (w *world) killClickHouse() {
	w.t.Helper()
	engines := strconv.Itoa(w.engines.cmd.Process.Pid)
	entries, err := os.ReadDir("/proc")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if err != nil {
			continue // no process, or gone
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) < 2 || fields[1] != engines || fields[0] == "Z" {
			continue
		}
		pid, err := strconv.Atoi(entry.Name())
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGKILL)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		return
	}
	w.t.Log("the engine is down from the kill before")
}

// throughTheDriver asks as programs do, and in a shell's short form, which the
// embedded engine understands.
func (w *world) throughTheDriver(customers int) {
	w.t.Helper()
	options, err := clickhouse.ParseDSN("http://" + w.clickhouse + "/holdfast")
	if err != nil {
		w.t.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	var rows, without uint64
	if err := conn.QueryRow(w.t.Context(), "SELECT count() FROM customer_current FINAL").Scan(&rows); err != nil ||
		rows != uint64(customers) {
		w.t.Errorf("%d customers through the driver, %v; want %d", rows, err, customers)
	}
	err = conn.QueryRow(w.t.Context(),
		"SELECT count(), countIf(p_alive IS NULL OR p_return_90d IS NULL) FROM v_customers_at_risk").Scan(&rows, &without)
	if err != nil || rows == 0 || without != 0 {
		w.t.Errorf("%d customers at risk, %d of them without a probability, %v", rows, without, err)
	}
	if got := w.askPlainly("SELECT count() FROM v_customers_at_risk"); got != strconv.FormatUint(rows, 10) {
		w.t.Errorf("in the short form %s customers are at risk, by the driver %d", got, rows)
	}
	var bad uint64 // rows of which SQL says something else of their own day than Go did
	err = conn.QueryRow(w.t.Context(), `SELECT count(), countIf(NOT ifNull(abs(n.p_alive - a.p_alive) < 1e-9
			AND abs(n.p_alive_purchase - a.p_alive_purchase) < 1e-9 AND abs(n.p_return_30d - a.p_return_30d) < 1e-9
			AND abs(n.p_return_90d - a.p_return_90d) < 1e-9 AND n.recency_days = a.recency_days, 0))
		FROM v_customers_at_risk AS a JOIN v_customers_at_risk_now AS n ON n.customer_id = a.customer_id
		WHERE n.business_date = a.business_date AND a.p_alive IS NOT NULL`).Scan(&rows, &bad)
	if err != nil || rows == 0 || bad != 0 {
		w.t.Errorf("of %d customers at risk whose row is of today %d are other now, %v", rows, bad, err)
	}
}
