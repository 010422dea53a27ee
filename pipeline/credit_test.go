package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/schemas/topics"
)

// referrals is a load of buyers who buy twice, and of others whose visits name one of
// them as the referrer: every other buyer, many times.
func referrals(buyers, visits int) (load []workload.Item) {
	begin := time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)
	add := func(of event.Type, customer, value string, at time.Time) {
		load = append(load, workload.Item{Topic: of, Key: []byte(customer), At: event.Instant(at.UnixMicro()),
			Value: fmt.Appendf(nil, `{"event_id":"e%d","customer_id":"%s","occurred_at":"%s",%s}`, len(load), customer,
				at.Format(time.RFC3339), value)})
	}
	for n := range 2 * buyers {
		add(event.Purchase, fmt.Sprint("buyer-", n%buyers), fmt.Sprintf(`"event_type":"purchase","kind":"order",`+
			`"order_id":"o%d","amount_net":100,"currency":"EUR"`, n), begin.Add(time.Duration(n)*time.Hour))
	}
	for n := range visits {
		add(event.Visit, fmt.Sprint("friend-", n), fmt.Sprintf(`"event_type":"visit","kind":"referral","referrer_id":"buyer-%d"`,
			2*(n%(buyers/2))), begin.Add(time.Duration(2*buyers*3600+n)*time.Second))
	}
	return load
}

// stages are the ladder's stages of the latest row of each customer.
func (w *world) stages() map[string]string {
	stages, seqs := map[string]string{}, map[string]string{}
	for _, r := range w.read(w.names[topics.Outbox]) {
		b, err := signal.Decode(r.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		for i := 0; b.Table == signal.TableCustomer && i < b.Rows; i++ {
			row := rowtest.ByName(b, i)
			id, seq := row["customer_id"], fmt.Sprintf("%20s", row["seq"])
			if seq > seqs[id] {
				stages[id], seqs[id] = row["ladder_stage"], seq
			}
		}
	}
	return stages
}

// TestReferralsCountForTheReferrer: a referral that is an event of the customer who was
// referred makes its referrer an advocate, in whatever shard that is, while the worker is
// killed at every point; each referral is credited once.
func TestReferralsCountForTheReferrer(t *testing.T) {
	const buyers, visits = 40, 8000
	w := newWorld(t)
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	checkpointed := w.checkpointed()
	load := referrals(buyers, visits)
	enough := w.feed(load)
	hits, tried := 0, points()
	for _, at := range tried {
		order := workerOrder{Addrs: w.addrs, Checkpointed: checkpointed, Point: at, Nth: 1 + random.Int64N(6)}
		if startWorker(t, order).killed(t, 3*time.Second) {
			hits++
		}
	}
	produced := enough()
	last := startWorker(t, workerOrder{Addrs: w.addrs})
	w.creditsAre(produced - 2*buyers)
	w.caughtUp(w.config())
	last.kill()
	if t.Logf("%d of %d kills hit their point", hits, len(tried)); hits < len(tried)/2 {
		t.Errorf("%d of %d kills hit their point", hits, len(tried))
	}
	stages := w.stages()
	for n := range buyers {
		id, want := fmt.Sprint("buyer-", n), "repeat"
		if n%2 == 0 {
			want = "advocate"
		}
		if stages[id] != want {
			t.Errorf("%s is %s, want %s", id, stages[id], want)
		}
	}
	if friend := stages["friend-1"]; friend == "advocate" {
		t.Error("who was referred is an advocate")
	}
}

// creditsAre waits for so many credits, and wants each once, on the partition of its customer's
// purchases.
func (w *world) creditsAre(want int) {
	w.t.Helper()
	places := map[string]int32{}
	for _, r := range w.read(w.names[topics.Purchases]) {
		places[string(r.Key)] = r.Partition
	}
	var credits []*kgo.Record
	for end := time.Now().Add(time.Minute); len(credits) < want && time.Now().Before(end); {
		time.Sleep(200 * time.Millisecond)
		credits = w.read(w.names[topics.Internal])
	}
	seen := map[string]int{}
	for _, r := range credits {
		c, err := control.Parse(r.Value)
		known := err == nil && c.Kind == control.ReferralCredit && c.Customer == string(r.Key)
		if !known || places[c.Customer] != r.Partition {
			w.t.Fatalf("%s on partition %d, want %d: %v", r.Value, r.Partition, places[c.Customer], err)
		}
		seen[c.Event]++
	}
	if len(credits) != want || len(seen) != want {
		w.t.Errorf("%d credits of %d referrals, want %d of as many", len(credits), len(seen), want)
	}
}
