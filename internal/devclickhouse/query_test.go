package devclickhouse_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

func TestHelloAndPing(t *testing.T) {
	engine := enginetest.Start(t)
	conn := dial(t, engine)
	if err := conn.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	version, err := conn.ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if version.Version.Major != 26 || version.Timezone.String() != "UTC" && version.Timezone.String() != "Etc/UTC" {
		t.Errorf("got version %s in zone %s", version.Version, version.Timezone)
	}
	if got := one[string](t, conn, "SELECT currentDatabase()"); got != engine.Database() {
		t.Errorf("statements run in database %q, want %q", got, engine.Database())
	}
}

func TestBinding(t *testing.T) {
	conn := dial(t, enginetest.Start(t))
	at := time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC)
	execute(t, conn, "CREATE TABLE bound (id String, at DateTime64(3, 'UTC'), n UInt64) ENGINE = MergeTree ORDER BY id")
	if err := send(t.Context(), conn, "INSERT INTO bound", []any{"it's", at, uint64(1)}, []any{"b", at.AddDate(0, 0, 1),
		uint64(2)}); err != nil {
		t.Fatal(err)
	}
	sum := func(sql string, args ...any) {
		t.Helper()
		if got := one[uint64](t, conn, sql, args...); got != 1 {
			t.Errorf("%s: got %d, want 1", sql, got)
		}
	}
	sum("SELECT sum(n) FROM bound WHERE id = ?", "it's")
	sum("SELECT sum(n) FROM bound WHERE id = $1 AND n = $2", "it's", 1)
	sum("SELECT sum(n) FROM bound WHERE id = @id AND at = @at", clickhouse.Named("id", "it's"),
		clickhouse.DateNamed("at", at, clickhouse.MilliSeconds))
	sum("SELECT sum(n) FROM {table:Identifier} WHERE id = {id:String} AND n IN {ns:Array(UInt64)}",
		clickhouse.Named("table", "bound"), clickhouse.Named("id", "it's"), clickhouse.Named("ns", []uint64{1, 7}))
	text := "tab\tline\n\nback\\slash 'quote' \x00"
	if got := one[string](t, conn, "SELECT {text:String}", clickhouse.Named("text", text)); got != text {
		t.Errorf("a parameter came back as %q, want %q", got, text)
	}
}

func TestEmptyAnswer(t *testing.T) {
	conn := dial(t, enginetest.Start(t), compressed(clickhouse.CompressionLZ4))
	answer, err := conn.Query(t.Context(), "SELECT number FROM numbers(10) WHERE number > 10")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Close()
	if answer.Next() || answer.Err() != nil {
		t.Errorf("an empty answer has a row, or error %v", answer.Err())
	}
}

func TestSettingsHoldForOneStatement(t *testing.T) {
	engine := enginetest.StartAlone(t)
	conn := dial(t, engine, func(o *clickhouse.Options) { o.Settings = clickhouse.Settings{"max_block_size": 1000} })
	const ask = "SELECT toUInt64(getSetting('max_threads'))"
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_threads": 7}))
	var with uint64
	if err := conn.QueryRow(ctx, ask).Scan(&with); err != nil {
		t.Fatal(err)
	}
	if with != 7 {
		t.Errorf("with the setting: got %d threads, want 7", with)
	}
	// All sessions are asked: one after another, the pool hands out each.
	for range 10 {
		if got := one[uint64](t, conn, ask); got == 7 {
			t.Fatal("a setting outlived its statement")
		}
		if got := one[uint64](t, conn, "SELECT toUInt64(getSetting('max_block_size'))"); got != 1000 {
			t.Fatalf("the connection's own setting: got %d, want 1000", got)
		}
	}
	execute(t, conn, "SET max_threads = 7")
	for range 10 {
		if got := one[uint64](t, conn, ask); got == 7 {
			t.Fatal("a SET outlived its request")
		}
	}
	wantCode(t, 115,
		conn.Exec(clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"no_such_setting": 1})),
			"SELECT 1"))
	wantCode(t, 159,
		conn.Exec(clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 1})),
			"SELECT sleepEachRow(0.5) FROM numbers(20) SETTINGS max_block_size = 1"))
}

func wantCode(t *testing.T, code int32, err error) {
	t.Helper()
	var e *clickhouse.Exception
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("got error %v, want code %d", err, code)
	}
}

func TestExceptions(t *testing.T) {
	for _, method := range methods {
		conn := dial(t, enginetest.Start(t), compressed(method))
		execute(t, conn, "CREATE TABLE e (n UInt8, PRIMARY KEY n) ENGINE = MergeTree")
		f := func(code int32, sql string) {
			t.Helper()
			_, err := conn.Query(t.Context(), sql)
			wantCode(t, code, err)
			wantCode(t, code, conn.Exec(t.Context(), sql))
		}
		f(60, "SELECT * FROM no_such_table")
		f(81, "SELECT * FROM no_such_database.x")
		f(47, "SELECT no_such_column FROM e")
		f(46, "SELECT no_such_function(1)")
		f(62, "SELEC 1")
		f(62, "SELECT 1; SELECT 2")
		f(57, "CREATE TABLE e (n UInt8) ENGINE = MergeTree ORDER BY n")
		f(60, "INSERT INTO no_such_table VALUES (1)")
		f(395, "SELECT throwIf(number = 1000) FROM numbers(100000)")
		f(306, "SELECT "+strings.Repeat("(", 2000)+"1"+strings.Repeat(")", 2000))
		f(497, "SELECT * FROM file('/etc/passwd', 'LineAsString')")
		batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO e")
		if err != nil {
			t.Fatal(err)
		}
		if err := batch.Append(uint8(1)); err != nil {
			t.Fatal(err)
		}
		execute(t, conn, "DROP TABLE e")
		wantCode(t, 60, batch.Send())
	}
}

func TestUnknownDatabase(t *testing.T) {
	engine := enginetest.Start(t)
	options, err := clickhouse.ParseDSN("http://" + engine.Addr() + "/no_such_database")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	wantCode(t, 81, conn.Ping(t.Context()))
}

// What a table's own database or a session's is called must not matter.
func TestOddDatabaseName(t *testing.T) {
	engine := enginetest.Start(t)
	for _, name := range []string{"it's `odd` \"name\"", "ключ", "a.b"} {
		post(t, engine.Addr(), "CREATE DATABASE `"+strings.ReplaceAll(name, "`", "``")+"`")
		if _, got, _ := post(t, engine.Addr(), "SELECT currentDatabase() FORMAT RawBLOB", "database", name); got != name {
			t.Errorf("got database %q, want %q", got, name)
		}
	}
}

func TestConcurrentStatements(t *testing.T) {
	conn := dial(t, enginetest.Start(t), func(o *clickhouse.Options) { o.MaxOpenConns = 12 })
	execute(t, conn, "CREATE TABLE many (worker UInt32, n UInt32) ENGINE = MergeTree ORDER BY (worker, n)")
	var group sync.WaitGroup
	const workers, rounds = 12, 6
	for worker := range uint32(workers) {
		group.Go(func() {
			for n := range uint32(rounds) {
				if err := send(t.Context(), conn, "INSERT INTO many", []any{worker, n}); err != nil {
					t.Error(err)
					return
				}
				var got uint64
				if err := conn.QueryRow(t.Context(), "SELECT count() FROM many WHERE worker = ?", worker).Scan(&got); err != nil ||
					got != uint64(n)+1 {
					t.Errorf("worker %d: got %d rows after %d inserts, error %v", worker, got, n+1, err)
					return
				}
			}
		})
	}
	group.Wait()
	if got := one[uint64](t, conn, "SELECT count() FROM many"); got != workers*rounds {
		t.Errorf("got %d rows, want %d", got, workers*rounds)
	}
}

func TestExternalTablesAreRefused(t *testing.T) {
	conn := dial(t, enginetest.Start(t))
	table, err := ext.NewTable("outside", ext.Column("n", "UInt8"))
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Append(uint8(1)); err != nil {
		t.Fatal(err)
	}
	_, err = conn.Query(clickhouse.Context(t.Context(), clickhouse.WithExternalTable(table)), "SELECT n FROM outside")
	wantCode(t, 48, err)
}

func TestAsyncInsertIsVisibleWhenConfirmed(t *testing.T) {
	conn := dial(t, enginetest.Start(t))
	execute(t, conn, "CREATE TABLE async (n UInt32) ENGINE = MergeTree ORDER BY n")
	for n := range 3 {
		ctx := clickhouse.Context(context.Background(), clickhouse.WithAsync(true))
		if err := conn.Exec(ctx, "INSERT INTO async VALUES (?)", n); err != nil {
			t.Fatal(err)
		}
		if got := one[uint64](t, conn, "SELECT count() FROM async"); got != uint64(n)+1 {
			t.Errorf("got %d rows after %d confirmed inserts", got, n+1)
		}
	}
}
