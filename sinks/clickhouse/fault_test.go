package clickhouse

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/twmb/franz-go/pkg/kgo"
)

var kills = flag.Int("kills", 5, "how often TestKilledEngine kills the engine during an insert")

// TestLostAcknowledgement: the engine has the rows and the loader hears nothing.
func TestLostAcknowledgement(t *testing.T) {
	r := newRig(t, enginetest.StartAlone(t))
	for _, table := range []string{"customer_current", "score_history", "alert_event"} {
		r.engine.Fault(devclickhouse.Fault{Point: devclickhouse.AfterApply, Action: devclickhouse.Drop, Match: "INSERT INTO " + table, Count: 2})
	}
	for i := range 4 {
		r.customers(0, uint16(i%2), 100, nil)
		r.alerts(1, 3, 10)
	}
	r.running(r.loader())
	r.awaitLoaded()
	r.checkAudit()
	if n := r.count("SELECT count() FROM alert_event FINAL"); n != 40 {
		t.Errorf("%d transitions, want 40", n)
	}
}

// TestKilledEngine: SIGKILL at every moment of an insert, and between inserts.
func TestKilledEngine(t *testing.T) {
	r := newRig(t, enginetest.StartAlone(t))
	r.running(r.loader())
	points := []devclickhouse.FaultPoint{devclickhouse.BeforeBody, devclickhouse.AfterBody, devclickhouse.MidApply, devclickhouse.AfterApply}
	for i := range *kills {
		point := points[i%len(points)]
		table := []string{"customer_current", "score_history", "alert_event"}[i%3]
		r.engine.Fault(devclickhouse.Fault{Point: point, Action: devclickhouse.Kill, Match: "INSERT INTO " + table})
		for range 3 {
			r.customers(int32(i%outboxPartition), uint16(i%3), 200, nil)
			r.alerts(int32(i%outboxPartition), uint16(i%3), 20)
		}
		<-r.engine.Done()
		r.engine.Restart()
	}
	r.engine.Kill() // while nothing is going on, or the last rows
	r.engine.Restart()
	r.awaitLoaded()
	r.checkAudit()
	if n := r.count("SELECT count() FROM customer_current FINAL"); n != 300 {
		t.Errorf("%d customers, want 300", n)
	}
}

// TestAwayAndBack: while ClickHouse is away nothing is lost and the reason is told.
func TestAwayAndBack(t *testing.T) {
	r := newRig(t, enginetest.StartAlone(t))
	r.customers(0, 0, 50, nil)
	l := r.loader()
	r.running(l)
	r.awaitLoaded()
	r.engine.Kill()
	r.customers(0, 0, 50, nil)
	r.await("the problem shows", func() bool { return len(l.Problems()) == 1 })
	if p := l.Problems()[0]; p.Class != "unreachable" && p.Class != "ambiguous" {
		t.Errorf("problem %+v", p)
	}
	r.engine.Restart()
	r.awaitLoaded()
	r.checkAudit()
	if len(l.Problems()) != 0 || strings.Count(r.log.String(), "loading waits") != 1 || !strings.Contains(r.log.String(), "loading goes on") {
		t.Errorf("problems %v, log:\n%s", l.Problems(), r.log)
	}
}

// TestAwayAtStart: the loader waits for a ClickHouse that comes later.
func TestAwayAtStart(t *testing.T) {
	r := newRig(t, enginetest.StartAlone(t))
	r.engine.Kill()
	r.customers(0, 0, 10, nil)
	stop := r.running(r.loader())
	r.await("it says that it waits", func() bool { return strings.Contains(r.log.String(), "loading waits for ClickHouse") })
	r.engine.Restart()
	r.awaitLoaded()
	stop()
	r.checkAudit()
}

// TestServerErrors: what the server answers decides between retrying and pausing.
func TestServerErrors(t *testing.T) {
	r := newRig(t, enginetest.StartAlone(t))
	r.running(r.loader())
	for _, c := range []struct {
		name  string
		code  int
		class string
	}{
		{"too many queries", 202, "busy"}, {"memory", 241, "busy"}, {"disk full", 243, "busy"},
		{"time-out", 159, "ambiguous"}, {"unknown code", 4711, "ambiguous"},
		{"read only", 164, "configuration"}, {"not enough privileges", 497, "configuration"},
	} {
		before := r.metric("holdfast_sink_retries_total", "reason", c.class)
		r.engine.Fault(devclickhouse.Fault{Point: devclickhouse.BeforeBody, Action: devclickhouse.Refuse,
			Match: "INSERT INTO customer_current", Count: 3, Code: c.code})
		r.customers(0, 0, 10, nil)
		r.awaitLoaded()
		if got := r.metric("holdfast_sink_retries_total", "reason", c.class) - before; got != 3 {
			t.Errorf("%s: %v retries of class %s, want 3", c.name, got, c.class)
		}
	}
	r.checkAudit()
	if letters := r.deadLetters(); len(letters) != 0 {
		t.Errorf("%d dead letters", len(letters))
	}
}

// TestBadRow: the server refuses some rows; they are set aside whole and the
// others arrive.
func TestBadRow(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	r.exec("ALTER TABLE score_history ADD CONSTRAINT sane CHECK frequency_repeat < 1000000")
	bad := map[int]bool{0: true, 33: true, 34: true, 99: true}
	r.customers(1, 4, 100, func(i int, row *signal.CustomerRow) {
		if bad[i] {
			row.FrequencyRepeat = 2_000_000
		}
	})
	r.alerts(1, 4, 3)
	r.running(r.loader())
	r.awaitLoaded()
	letters := r.deadLetters()
	if len(letters) != len(bad) {
		t.Fatalf("%d dead letters, want %d; log:\n%s", len(letters), len(bad), r.log)
	}
	for _, letter := range letters {
		block, err := signal.Decode(letter.Value)
		if err != nil || block.Rows != 1 {
			t.Fatalf("a dead letter is not a block of one row: %v", err)
		}
		if c, _ := block.Column("frequency_repeat"); c.Numbers[0] != 2_000_000 || letter.Partition != 4 {
			t.Errorf("another row: %d, partition %d", c.Numbers[0], letter.Partition)
		}
		headers := headersOf(letter)
		if headers["holdfast.dlq.reason"] != "row_rejected" || headers["__connect.errors.topic"] != outboxTopic ||
			headers["holdfast_format"] != signal.FormatVersion || !strings.Contains(headers["__connect.errors.exception.message"], "469") ||
			strings.Contains(headers["__connect.errors.exception.message"], "c-4-") {
			t.Errorf("headers %v", headers)
		}
	}
	if strings.Contains(r.log.String(), "c-4-") {
		t.Error("a customer id in the log")
	}
	if n := r.count("SELECT count() FROM score_history FINAL"); n != 96 {
		t.Errorf("%d rows, want 96", n)
	}
	if got := r.metric("holdfast_dead_letters_produced_total", "stage", "load"); got != 4 {
		t.Errorf("%v dead letters counted", got)
	}
}

// TestTableThatRefusesAll: what refuses every row is not the rows' fault: the
// loader pauses and goes on once it is put right.
func TestTableThatRefusesAll(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	r.exec("ALTER TABLE score_history ADD CONSTRAINT never CHECK frequency_repeat > 1000000")
	r.customers(0, 0, 500, nil)
	l := r.loader()
	r.running(l)
	r.await("it pauses", func() bool { return l.Problems()[0].Class == "configuration" })
	if n := len(r.deadLetters()); n > rejectsInARow {
		t.Errorf("%d rows set aside before the table was suspected", n)
	}
	r.exec("ALTER TABLE score_history DROP CONSTRAINT never")
	r.awaitLoaded()
	if n := r.count("SELECT count() FROM score_history FINAL"); n < 500-rejectsInARow {
		t.Errorf("%d rows", n)
	}
}

// TestChangedTable: a column that is renamed while the loader runs pauses it.
func TestChangedTable(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	l := r.loader()
	r.running(l)
	r.customers(0, 0, 10, nil)
	r.awaitLoaded()
	r.exec("ALTER TABLE score_history RENAME COLUMN level TO levels")
	r.customers(0, 0, 10, nil)
	r.await("it pauses", func() bool { return l.Problems()[0].Class == "configuration" })
	r.exec("ALTER TABLE score_history RENAME COLUMN levels TO level")
	r.awaitLoaded()
	r.checkAudit()
	if n := len(r.deadLetters()); n != 0 {
		t.Errorf("%d dead letters", n)
	}
}

// TestBadRecords: what is no block is set aside as it is; what only a newer
// version can read stops the partition.
func TestBadRecords(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	r.customers(0, 0, 10, nil)
	r.produce(0, []byte("nonsense"))
	r.produce(0, nil)
	r.customers(0, 0, 10, nil)
	r.produce(1, []byte("HFB\x63 from the future"))
	l := r.loader()
	stop := r.running(l)
	r.await("partition 0 is loaded", func() bool { return l.Position()[0] == 4 })
	r.await("partition 1 halts", func() bool { return l.Problems()[1].Class == "configuration" })
	stop()
	r.checkAudit()
	letters := r.deadLetters()
	if len(letters) != 2 || string(letters[0].Value) != "nonsense" {
		t.Errorf("dead letters %v", letters)
	}
	if lag, err := Lag(t.Context(), r.producer, "shop", outboxTopic); err != nil || lag[1].Committed != 0 {
		t.Errorf("committed behind a record of a newer version: %+v, %v", lag, err)
	}
}

func headersOf(r *kgo.Record) map[string]string {
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Key] = string(h.Value)
	}
	return headers
}

// deadLetters reads what was set aside so far.
func (r *rig) deadLetters() []*kgo.Record {
	r.t.Helper()
	client := r.client(kgo.ConsumeTopics(deadTopic))
	total := int64(0)
	ends, err := Lag(r.t.Context(), r.producer, "none", deadTopic)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, p := range ends {
		total += p.End
	}
	var letters []*kgo.Record
	for deadline := time.Now().Add(10 * time.Second); int64(len(letters)) < total && time.Now().Before(deadline); {
		letters = append(letters, client.PollRecords(r.t.Context(), 100).Records()...)
	}
	return letters
}

func (r *rig) exec(sql string) {
	r.t.Helper()
	if err := r.conn.Exec(r.t.Context(), sql); err != nil {
		r.t.Fatal(err)
	}
}

// metric adds up a counter or gauge over the series with the label.
func (r *rig) metric(name, label, value string) float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	total := 0.0
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == label && l.GetValue() == value {
					total += m.GetCounter().GetValue() + m.GetGauge().GetValue()
				}
			}
		}
	}
	return total
}

// TestSlowAnswer: an answer that comes too late is no answer; the rows are sent
// again and the late insert changes nothing.
func TestSlowAnswer(t *testing.T) {
	r := newRig(t, enginetest.StartAlone(t))
	r.engine.Fault(devclickhouse.Fault{Point: devclickhouse.AfterBody, Action: devclickhouse.Delay,
		Match: "INSERT INTO score_history", Count: 1, Delay: 700 * time.Millisecond})
	r.customers(0, 0, 10, nil)
	l := r.loader()
	l.config.InsertTimeout = 300 * time.Millisecond
	stop := r.running(l)
	r.awaitLoaded()
	if got := r.metric("holdfast_sink_retries_total", "reason", "ambiguous"); got < 1 {
		t.Errorf("%v retries", got)
	}
	stop()
	r.checkAudit()
}
