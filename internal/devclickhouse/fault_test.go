package devclickhouse_test

import (
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

func TestFaults(t *testing.T) {
	engine := enginetest.Start(t)
	conn := dial(t, engine, compressed(clickhouse.CompressionLZ4))
	rows := uint64(0)
	execute(t, conn, "CREATE TABLE faulty (n UInt32) ENGINE = MergeTree ORDER BY n")
	table := "INSERT INTO " + engine.Database() + ".faulty"
	insert := func() error { return send(t.Context(), conn, table, []any{uint32(1)}) }
	// f strikes one insert; it is applied or not, then the next goes well.
	f := func(fault devclickhouse.Fault, applied bool, check func(error) bool) {
		t.Helper()
		fault.Match = table
		engine.Fault(fault)
		if err := insert(); !check(err) {
			t.Errorf("%s at %s: got error %v", fault.Action, fault.Point, err)
		}
		if applied {
			rows++
		}
		if err := insert(); err != nil {
			t.Errorf("%s at %s: afterwards: %v", fault.Action, fault.Point, err)
		}
		rows++
		if got := one[uint64](t, conn, "SELECT count() FROM faulty"); got != rows {
			t.Errorf("%s at %s: got %d rows, want %d", fault.Action, fault.Point, got, rows)
		}
	}
	// lost is an error of the connection, not of the engine.
	lost := func(err error) bool {
		var e *clickhouse.Exception
		return err != nil && !errors.As(err, &e) && (strings.Contains(err.Error(), "EOF") ||
			strings.Contains(err.Error(), "reset"))
	}
	f(devclickhouse.Fault{Point: devclickhouse.BeforeBody, Action: devclickhouse.Drop}, false, lost)
	f(devclickhouse.Fault{Point: devclickhouse.AfterBody, Action: devclickhouse.Drop}, false, lost)
	f(devclickhouse.Fault{Point: devclickhouse.MidApply, Action: devclickhouse.Drop}, false, lost)
	f(devclickhouse.Fault{Point: devclickhouse.AfterApply, Action: devclickhouse.Drop}, true, lost)
	refused := func(err error) bool {
		var e *clickhouse.Exception
		return errors.As(err, &e) && e.Code == 242
	}
	f(devclickhouse.Fault{Point: devclickhouse.AfterBody, Action: devclickhouse.Refuse, Code: 242}, false, refused)
	f(devclickhouse.Fault{Point: devclickhouse.AfterApply, Action: devclickhouse.Delay, Delay: time.Millisecond}, true,
		func(err error) bool { return err == nil })
}

func TestFaultSkipsAndCounts(t *testing.T) {
	engine := enginetest.Start(t)
	mark := "/* " + engine.Database() + " */ SELECT 1"
	engine.Fault(devclickhouse.Fault{Point: devclickhouse.AfterBody, Action: devclickhouse.Refuse, Code: 999, Match: mark,
		Skip: 2, Count: 2})
	for i, want := range []int{200, 200, 500, 500, 200} {
		if got, text, _ := post(t, engine.Addr(), mark); got != want {
			t.Errorf("request %d: got %d %q, want %d", i, got, text, want)
		}
	}
	for _, body := range []string{`{"point":"nowhere","action":"drop"}`,
		`{"point":"after_body","action":"explode"}`, `{`} {
		answer, err := http.Post("http://"+engine.Addr()+devclickhouse.FaultPath, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest {
			t.Errorf("fault %s: got %d, want 400", body, answer.StatusCode)
		}
	}
}

// A kill at each point of an insert: what was confirmed is there, and a repeat
// of what was not leaves one row a key.
func TestKillAtPoints(t *testing.T) {
	engine := enginetest.StartAlone(t)
	conn := dial(t, engine)
	const table = "INSERT INTO killed"
	execute(t, conn, "CREATE TABLE killed (n UInt32, seq UInt64) ENGINE = ReplacingMergeTree(seq) ORDER BY n")
	n := uint32(0)
	for _, point := range []devclickhouse.FaultPoint{devclickhouse.BeforeBody, devclickhouse.AfterBody,
		devclickhouse.MidApply, devclickhouse.AfterApply} {
		n += 2
		if err := send(t.Context(), conn, table, []any{n, uint64(n)}); err != nil {
			t.Fatal(err)
		}
		engine.Fault(devclickhouse.Fault{Point: point, Action: devclickhouse.Kill, Match: table})
		if err := send(t.Context(), conn, table, []any{n + 1, uint64(n + 1)}); err == nil {
			t.Errorf("killed at %s, and the insert was confirmed", point)
		}
		engine.Restart()
		if got := one[uint64](t, conn, "SELECT count() FROM killed FINAL WHERE n = ?", n); got != 1 {
			t.Errorf("killed at %s: the confirmed row is there %d times", point, got)
		}
		if err := send(t.Context(), conn, table, []any{n + 1, uint64(n + 1)}); err != nil {
			t.Errorf("killed at %s: repeat: %v", point, err)
		}
		if got := one[uint64](t, conn, "SELECT count() FROM killed FINAL"); got != uint64(n) {
			t.Errorf("killed at %s: got %d rows, want %d", point, got, n)
		}
	}
}

// killsVariable sets how often TestKillDuringInserts kills; 3 without it.
const killsVariable = "HOLDFAST_KILLS"

func killCount(t *testing.T) int {
	t.Helper()
	text := os.Getenv(killsVariable)
	if text == "" {
		return 3
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, not a count", killsVariable, text)
	}
	return n
}

// Kills at moments that nobody chose, while four writers insert.
func TestKillDuringInserts(t *testing.T) {
	engine := enginetest.StartAlone(t)
	conn := dial(t, engine, compressed(clickhouse.CompressionLZ4))
	execute(t, conn, "CREATE TABLE hurried (worker UInt8, n UInt32, seq UInt64) ENGINE = ReplacingMergeTree(seq) ORDER "+
		"BY (worker, n)")
	const workers = 4
	kills := killCount(t)
	confirmed := make([]uint32, workers)
	for kill := range kills {
		down := make(chan struct{})
		ended := make(chan struct{}, workers)
		progress := make(chan struct{}, 1000)
		for worker := range workers {
			go func() {
				defer func() { ended <- struct{}{} }()
				for {
					n := confirmed[worker]
					if err := send(t.Context(), conn, "INSERT INTO hurried", []any{uint8(worker), n, uint64(n)}); err != nil {
						<-down
						return
					}
					confirmed[worker]++
					select {
					case progress <- struct{}{}:
					default:
					}
				}
			}()
		}
		for range 20 + 7*(kill%5) {
			<-progress
		}
		engine.Kill()
		close(down)
		for range workers {
			<-ended
		}
		engine.Restart()
		for worker, want := range confirmed {
			got := one[uint64](t, conn, "SELECT count() FROM hurried FINAL WHERE worker = ? AND n < ?", worker, want)
			if got != uint64(want) {
				t.Errorf("kill %d: worker %d had %d rows confirmed, %d are there", kill, worker, want, got)
			}
		}
	}
	if confirmed[0]+confirmed[1]+confirmed[2]+confirmed[3] < 60 {
		t.Errorf("only %v inserts were confirmed: the kills met nobody", confirmed)
	}
}
