package clickhouse

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
)

var kills = flag.Int("kills", 5, "how often TestKilledEngine kills the engine during an insert")

// TestLostAcknowledgement: the engine has the rows and the loader hears nothing.
func TestLostAcknowledgement(t *testing.T) {
	r := newRig(t, enginetest.StartAlone(t))
	for _, table := range []string{"customer_current", "score_history", "alert_event"} {
		r.engine.Fault(devclickhouse.Fault{Point: devclickhouse.AfterApply, Action: devclickhouse.Drop,
			Match: "INSERT INTO " + table, Count: 2})
	}
	for i := range 4 {
		r.customers(0, uint16(i%2), 100, nil)
		r.Alerts(1, 3, 10)
	}
	r.Running(r.loader())
	r.AwaitLoaded()
	r.checkAudit()
	if n := r.count("SELECT count() FROM alert_event FINAL"); n != 40 {
		t.Errorf("%d transitions, want 40", n)
	}
}

// TestKilledEngine: SIGKILL at every moment of an insert, and between inserts.
func TestKilledEngine(t *testing.T) {
	r := newRig(t, enginetest.StartAlone(t))
	r.Running(r.loader())
	points := []devclickhouse.FaultPoint{devclickhouse.BeforeBody, devclickhouse.AfterBody, devclickhouse.MidApply,
		devclickhouse.AfterApply}
	for i := range *kills {
		point := points[i%len(points)]
		table := []string{"customer_current", "score_history", "alert_event"}[i%3]
		r.engine.Fault(devclickhouse.Fault{Point: point, Action: devclickhouse.Kill, Match: "INSERT INTO " + table})
		for range 3 {
			r.customers(int32(i%conformance.Partitions), uint16(i%3), 200, nil)
			r.Alerts(int32(i%conformance.Partitions), uint16(i%3), 20)
		}
		<-r.engine.Done()
		r.engine.Restart()
	}
	r.engine.Kill() // while nothing is going on, or the last rows
	r.engine.Restart()
	r.AwaitLoaded()
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
	r.Running(l)
	r.AwaitLoaded()
	r.engine.Kill()
	r.customers(0, 0, 50, nil)
	r.Await("the problem shows", func() bool { return len(l.Problems()) == 1 })
	if p := l.Problems()[0]; p.Class != "unreachable" && p.Class != "ambiguous" {
		t.Errorf("problem %+v", p)
	}
	r.engine.Restart()
	r.AwaitLoaded()
	r.checkAudit()
	if len(l.Problems()) != 0 || strings.Count(r.Log.String(), "loading waits") != 1 ||
		!strings.Contains(r.Log.String(), "loading goes on") {
		t.Errorf("problems %v, log:\n%s", l.Problems(), r.Log)
	}
}

// TestAwayAtStart: the loader waits for a ClickHouse that comes later.
func TestAwayAtStart(t *testing.T) {
	r := newRig(t, enginetest.StartAlone(t))
	r.engine.Kill()
	r.customers(0, 0, 10, nil)
	stop := r.Running(r.loader())
	r.Await("it says that it waits", func() bool {
		return strings.Contains(r.Log.String(),
			"loading waits for the store")
	})
	r.engine.Restart()
	r.AwaitLoaded()
	stop()
	r.checkAudit()
}

// TestServerErrors: what the server answers decides between retrying and pausing.
func TestServerErrors(t *testing.T) {
	r := newRig(t, enginetest.StartAlone(t))
	r.Running(r.loader())
	for _, c := range []struct {
		name  string
		code  int
		class string
	}{
		{"too many queries", 202, "busy"}, {"memory", 241, "busy"}, {"disk full", 243, "busy"},
		{"time-out", 159, "ambiguous"}, {"unknown code", 4711, "ambiguous"},
		{"read only", 164, "configuration"}, {"not enough privileges", 497, "configuration"},
	} {
		before := r.Metric("holdfast_sink_retries_total", "reason", c.class)
		r.engine.Fault(devclickhouse.Fault{Point: devclickhouse.BeforeBody, Action: devclickhouse.Refuse,
			Match: "INSERT INTO customer_current", Count: 3, Code: c.code})
		r.customers(0, 0, 10, nil)
		r.AwaitLoaded()
		if got := r.Metric("holdfast_sink_retries_total", "reason", c.class) - before; got != 3 {
			t.Errorf("%s: %v retries of class %s, want 3", c.name, got, c.class)
		}
	}
	r.checkAudit()
	if letters := r.DeadLetters(); len(letters) != 0 {
		t.Errorf("%d dead letters", len(letters))
	}
}

// TestBadRow: the server refuses some rows; they are set aside whole and the
// others arrive.
func TestBadRow(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	r.exec("ALTER TABLE score_history ADD CONSTRAINT sane CHECK frequency_repeat < 1000000")
	bad := map[int]bool{0: true, 33: true, 34: true, 99: true}
	r.customers(1, 4, 100, func(i int, row *signal.Row) {
		if bad[i] {
			rowtest.Set(row, "frequency_repeat", 2_000_000)
		}
	})
	r.Alerts(1, 4, 3)
	r.Running(r.loader())
	r.AwaitLoaded()
	letters := r.DeadLetters()
	if len(letters) != len(bad) {
		t.Fatalf("%d dead letters, want %d; log:\n%s", len(letters), len(bad), r.Log)
	}
	for _, letter := range letters {
		block, err := signal.Decode(letter.Value)
		if err != nil || block.Rows != 1 {
			t.Fatalf("a dead letter is not a block of one row: %v", err)
		}
		if c, _ := block.Column("frequency_repeat"); c.Numbers[0] != 2_000_000 || letter.Partition != 4 {
			t.Errorf("another row: %d, partition %d", c.Numbers[0], letter.Partition)
		}
		headers := conformance.HeadersOf(letter)
		if headers["holdfast.dlq.reason"] != "row_rejected" || headers["__connect.errors.topic"] != conformance.OutboxTopic ||
			headers["holdfast_format"] != signal.FormatVersion ||
			!strings.Contains(headers["__connect.errors.exception.message"], "469") ||
			strings.Contains(headers["__connect.errors.exception.message"], "c-4-") {
			t.Errorf("headers %v", headers)
		}
	}
	if strings.Contains(r.Log.String(), "c-4-") {
		t.Error("a customer id in the log")
	}
	if n := r.count("SELECT count() FROM score_history FINAL"); n != 96 {
		t.Errorf("%d rows, want 96", n)
	}
	if got := r.Metric("holdfast_dead_letters_produced_total", "stage", "load"); got != 4 {
		t.Errorf("%v dead letters counted", got)
	}
}

// TestChangedTable: a column that is renamed while the loader runs pauses it.
func TestChangedTable(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	l := r.loader()
	r.Running(l)
	r.customers(0, 0, 10, nil)
	r.AwaitLoaded()
	r.exec("ALTER TABLE score_history RENAME COLUMN level TO levels")
	r.customers(0, 0, 10, nil)
	r.Await("it pauses", func() bool { return l.Problems()[0].Class == "configuration" })
	r.exec("ALTER TABLE score_history RENAME COLUMN levels TO level")
	r.AwaitLoaded()
	r.checkAudit()
	if n := len(r.DeadLetters()); n != 0 {
		t.Errorf("%d dead letters", n)
	}
}

// TestSlowAnswer: an answer that comes too late is no answer; the rows are sent
// again and the late insert changes nothing.
func TestSlowAnswer(t *testing.T) {
	r := newRig(t, enginetest.StartAlone(t))
	r.engine.Fault(devclickhouse.Fault{Point: devclickhouse.AfterBody, Action: devclickhouse.Delay,
		Match: "INSERT INTO score_history", Count: 1, Delay: 700 * time.Millisecond})
	r.customers(0, 0, 10, nil)
	stop := r.Running(r.Loader(NewSink(r.conn), func(c *outbox.Config) { c.InsertTimeout = 300 * time.Millisecond }))
	r.AwaitLoaded()
	if got := r.Metric("holdfast_sink_retries_total", "reason", "ambiguous"); got < 1 {
		t.Errorf("%v retries", got)
	}
	stop()
	r.checkAudit()
}
