package clickhouse

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/sinks/outbox"
)

// front stands between loader and engine, and may answer in its place.
type front struct {
	server *httptest.Server
	answer atomic.Pointer[http.HandlerFunc]
	behind http.Handler
	engine *enginetest.Engine
	shape  string // of the database
}

func newFront(t *testing.T, engine *enginetest.Engine) *front {
	t.Helper()
	behind := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: engine.Addr()})
	behind.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { hangUp(w, nil) }
	f := &front{behind: behind, engine: engine}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := f.answer.Load(); answer != nil {
			(*answer)(w, r)
			return
		}
		f.behind.ServeHTTP(w, r)
	}))
	t.Cleanup(f.server.Close)
	return f
}

// set has the front answer itself; nil: the engine answers.
func (f *front) set(answer http.HandlerFunc) {
	if answer == nil {
		f.answer.Store(nil)
		return
	}
	f.answer.Store(&answer)
}

func hangUp(w http.ResponseWriter, _ *http.Request) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		conn.Close()
	}
}

// refusing answers everything with an exception, as a server does.
func refusing(status, code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-ClickHouse-Exception-Code", fmt.Sprint(code))
		w.WriteHeader(status)
		fmt.Fprintf(w, "Code: %d. DB::Exception: %s", code, text)
	}
}

// another is a server that is no ClickHouse.
func another(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// storeState is something that a loader may meet instead of what it needs.
type storeState struct {
	name     string
	database bool     // there is one
	migrated bool     // with our tables
	changes  []string // which are then changed
	front    http.HandlerFunc
	says     string // what keeps loading from going on
}

var (
	fitting   = storeState{name: "right", database: true, migrated: true}
	badStates = []storeState{
		{name: "away", database: true, migrated: true, front: hangUp, says: "EOF"},
		{name: "no database", says: "code 81"},
		{name: "empty", database: true, says: "table score_history is missing"},
		{name: "without a table", database: true, migrated: true, changes: []string{"DROP TABLE score_history"},
			says: "table score_history is missing"},
		{name: "another column", database: true, migrated: true,
			changes: []string{"ALTER TABLE score_history MODIFY COLUMN p_alive Nullable(Float32)"},
			says:    "column score_history.p_alive is Nullable(Float32), expected Nullable(Float64)"},
		{name: "no rights", database: true, migrated: true, front: refusing(403, 497, "default: Not enough privileges"),
			says: "code 497"},
		{name: "another engine", database: true, migrated: true, changes: []string{
			"CREATE OR REPLACE TABLE score_history AS score_history ENGINE = MergeTree PARTITION BY toYYYYMM(as_of) " +
				"ORDER BY (customer_id, as_of, src_partition, seq)"},
			says: `table score_history has engine "MergeTree", expected "ReplacingMergeTree"`},
		{name: "wrong password", database: true, migrated: true, front: refusing(403, 516, "default: Authentication failed"),
			says: "code 516"},
		{name: "another server", database: true, migrated: true, front: another(200, "<html>welcome</html>"), says: ""},
		{name: "no such page", database: true, migrated: true, front: another(404, "not found"), says: "404"},
		{name: "a proxy without a server", database: true, migrated: true, front: another(503, ""), says: "503"},
	}
)

// enter makes the store what the state says, and shows the loader nothing of
// what lies between.
func (f *front) enter(t testing.TB, s storeState) {
	t.Helper()
	f.set(hangUp)
	defer f.set(s.front)
	shape := fmt.Sprint(s.database, s.migrated, s.changes)
	if shape == f.shape {
		return
	}
	f.shape = shape
	admin := connect(t, f.engine)
	base := enginetest.Connect(t, f.engine.DSN(), "default")
	ctx := context.WithoutCancel(t.Context())
	run := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
	}
	run(base.Exec(ctx, "DROP DATABASE IF EXISTS "+f.engine.Database()))
	if s.database {
		run(base.Exec(ctx, "CREATE DATABASE "+f.engine.Database()))
	}
	if s.migrated {
		_, err := Migrate(ctx, admin, MigrateUp)
		run(err)
	}
	for _, change := range s.changes {
		run(admin.Exec(ctx, change))
	}
}

// fronted has the rig's loaders reach the engine by a front.
func (r *rig) fronted() *front {
	r.T.Helper()
	f := newFront(r.T, r.engine)
	r.conn = enginetest.Connect(r.T, f.server.URL, r.engine.Database())
	return f
}

// says waits until the loader says what keeps it.
func (r *rig) says(l *outbox.Loader, s storeState) {
	r.T.Helper()
	r.Await("it says "+s.name, func() bool {
		for _, problem := range l.Problems() {
			if strings.Contains(problem.Text, s.says) && problem.Class != "" {
				return true
			}
		}
		return false
	})
}

// arrived waits for the rows of a shard, each in both tables.
func (r *rig) arrived(l *outbox.Loader, shard uint16, rows uint64) {
	r.T.Helper()
	r.AwaitLoaded()
	r.Await("the problem is over", func() bool { return len(l.Problems()) == 0 })
	for _, table := range []string{"score_history", "customer_current"} {
		if n := r.count("SELECT count() FROM "+table+" FINAL WHERE src_partition = ?", shard); n != rows {
			r.T.Errorf("%d rows in %s, want %d; log:\n%s", n, table, rows, r.Log)
		}
	}
}

// orders gives each state once. All pairs take minutes: those are for the long
// suite, which sets HOLDFAST_KILLS; the conformance suite has the kinds of states
// in every order.
func orders() [][]storeState {
	var all [][]storeState
	for i, first := range badStates {
		all = append(all, []storeState{first})
		for j, second := range badStates {
			if i != j && os.Getenv("HOLDFAST_KILLS") != "" {
				all = append(all, []storeState{first, second})
			}
		}
	}
	return all
}

// TestEveryOrderAtTheStart: whatever ClickHouse is, and becomes, before it is
// right: the loader waits, says which it is, and the rows arrive in the end.
func TestEveryOrderAtTheStart(t *testing.T) {
	t.Parallel() // most of it is waiting
	r := newRig(t, enginetest.Start(t))
	f := r.fronted()
	f.enter(t, badStates[0])
	r.customers(0, 0, 3, nil)
	l := r.loader()
	r.Running(l)
	for _, order := range orders() {
		for _, state := range order {
			f.enter(t, state)
			r.says(l, state)
		}
	}
	f.enter(t, fitting)
	r.arrived(l, 0, 3)
}

// TestEveryOrderWhileLoading: the store is right, becomes one thing, then
// another, then right again; rows that came meanwhile arrive, and none twice.
func TestEveryOrderWhileLoading(t *testing.T) {
	t.Parallel() // most of it is waiting
	r := newRig(t, enginetest.Start(t))
	f := r.fronted()
	l := r.loader()
	r.Running(l)
	for shard, order := range orders() {
		rows := uint64(1)
		for _, state := range order {
			f.enter(t, state)
			r.customers(0, uint16(shard), 2, nil)
			rows += 2
			r.says(l, state)
		}
		f.enter(t, fitting)
		r.customers(0, uint16(shard), 1, nil)
		r.arrived(l, uint16(shard), rows)
		if t.Failed() {
			t.Fatalf("after %s, then %s", order[0].name, order[len(order)-1].name)
		}
	}
	if letters := r.DeadLetters(); len(letters) != 0 {
		t.Errorf("%d rows set aside for the store's fault", len(letters))
	}
}

// TestTablesMadeAnewInTheMiddleOfABatch: rows that went into one table before
// another was missing are there also when both were made anew.
func TestTablesMadeAnewInTheMiddleOfABatch(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	l := r.Loader(NewSink(r.conn), func(c *outbox.Config) { c.Waits.Trust = time.Hour })
	r.Running(l)
	r.customers(0, 1, 1, nil)
	r.arrived(l, 1, 1)
	r.exec("DROP TABLE score_history")
	r.customers(0, 0, 10, nil)
	r.says(l, storeState{name: "without a table", says: "score_history"})
	if n := r.count("SELECT count() FROM customer_current FINAL WHERE src_partition = 0"); n != 10 {
		t.Errorf("%d rows in the first table, want 10", n)
	}
	r.exec("TRUNCATE TABLE customer_current")
	if _, err := Migrate(t.Context(), r.conn, MigrateUp); err != nil {
		t.Fatal(err)
	}
	r.arrived(l, 0, 10)
}
