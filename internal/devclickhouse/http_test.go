package devclickhouse_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

func TestCurl(t *testing.T) {
	engine := enginetest.Start(t)
	f := func(sql, want string) {
		t.Helper()
		status, got, _ := post(t, engine.Addr(), sql, "database", engine.Database())
		if status != http.StatusOK || got != want {
			t.Errorf("%s\n got %d %q\nwant 200 %q", sql, status, got, want)
		}
	}
	f("SELECT 1, 'a\tb'", "1\ta\\tb\n")
	f("SELECT 1;\n", "1\n")
	f("-- a comment; with a semicolon\nSELECT 1 /* FORMAT JSON */ ; # and one more", "1\n")
	f("SELECT 1 AS x FORMAT JSONEachRow", "{\"x\":1}\n")
	f("SELECT 1 AS x format CSVWithNames", "\"x\"\n1\n")
	f("SELECT 1 AS x, 'FORMAT' FORMAT TSVWithNames SETTINGS max_threads = 1", "x\t\\'FORMAT\\'\n1\tFORMAT\n")
	f("CREATE TABLE c (n UInt32, s String) ENGINE = MergeTree ORDER BY n", "")
	f("INSERT INTO c VALUES (1, 'a\n\nb'), (2, 'it''s; FORMAT CSV')", "")
	f("INSERT INTO c (n, s) FORMAT CSV\n3,\"x\n\ny\"\n4,z\n", "")
	f("insert into c (s, n) settings async_insert = 0 format JSONEachRow {\"n\":5,\"s\":\"j\"} "+
		"{\"n\":6,\"s\":\"\\n\\n\"}", "")
	f("INSERT INTO c SELECT 7, 'selected'", "")
	f("SELECT n, s FROM c ORDER BY n",
		"1\ta\\n\\nb\n2\tit\\'s; FORMAT CSV\n3\tx\\n\\ny\n4\tz\n5\tj\n6\t\\n\\n\n7\tselected\n")
	f("CREATE TABLE `format` (`values` UInt8) ENGINE = Memory", "")
	f("INSERT INTO `format` (`values`) VALUES (1)", "")
	f("INSERT INTO format VALUES (2)", "")
	f("SELECT sum(values) FROM format", "3\n")
	if _, got, _ := post(t, engine.Addr(), "SELECT 1 AS x FORMAT PrettyCompact"); !strings.Contains(got, "│ 1 │") {
		t.Errorf("PrettyCompact gave %q", got)
	}
	_, got, header := post(t, engine.Addr(), "SELECT 1 AS x FORMAT JSON", "query_id", "q-1")
	if !strings.Contains(got, `"rows": 1`) || header.Get("Content-Type") != "application/json; charset=UTF-8" ||
		header.Get("X-ClickHouse-Query-Id") != "q-1" {
		t.Errorf("JSON gave %q with header %v", got, header)
	}
}

func TestURLAndBodyTogether(t *testing.T) {
	engine := enginetest.Start(t)
	f := func(want string, body string, parameters ...string) {
		t.Helper()
		status, got, _ := post(t, engine.Addr(), body, append(parameters, "database", engine.Database())...)
		if status != http.StatusOK || got != want {
			t.Errorf("%q, %v: got %d %q, want 200 %q", body, parameters, status, got, want)
		}
	}
	f("", "CREATE TABLE u (n UInt32, s String) ENGINE = MergeTree ORDER BY n")
	f("", "1,a\n2,b\n", "query", "INSERT INTO u FORMAT CSV")
	f("", "(3, 'c'), (4, 'd')", "query", "INSERT INTO u VALUES")
	f("", "5\te\n", "query", "INSERT INTO u (n, s) FORMAT TabSeparated")
	f("", "", "query", "INSERT INTO u VALUES (6, 'f')")
	f("21\tabcdef\n", "FROM (SELECT * FROM u ORDER BY n)", "query", "SELECT sum(n), arrayStringConcat(groupArray(s))")
	f("42\n", "SELECT {n:UInt32} + 2", "param_n", "40")
	f("{\"x\":1}\n", "SELECT 1 AS x", "default_format", "JSONEachRow")
	f("7\n", "SELECT getSetting('max_threads')", "max_threads", "7")
}

func TestGetReadsOnly(t *testing.T) {
	engine := enginetest.Start(t)
	f := func(path string, status int, want string) {
		t.Helper()
		answer, err := http.Get("http://" + engine.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != status || !strings.Contains(string(text), want) {
			t.Errorf("GET %s: got %d %q, error %v, want %d %q", path, answer.StatusCode, text, err, status, want)
		}
	}
	f("/ping", 200, "Ok.\n")
	f("/", 200, "Ok.\n")
	f("/?query=SELECT%201", 200, "1\n")
	f("/?query=CREATE%20DATABASE%20x", 403, "Code: 164.")
	f("/?query=INSERT%20INTO%20x%20VALUES%20(1)", 403, "Code: 164.")
	f("/metrics", 404, "/ping")
}

func TestGzipBody(t *testing.T) {
	engine := enginetest.Start(t)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte("SELECT 42")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f := func(encoding string, body []byte, want string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+engine.Addr(),
			bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Encoding", encoding)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: got %q, error %v, want %q", encoding, text, err, want)
		}
	}
	f("gzip", zipped.Bytes(), "42\n")
	f("gzip", zipped.Bytes()[:20], "unexpected EOF")
	f("gzip", []byte("SELECT 42"), "Code: 354.")
	f("br", []byte("SELECT 42"), "Code: 48.")
}

func TestRefusals(t *testing.T) {
	engine := enginetest.Start(t)
	f := func(code int, status int, sql string, parameters ...string) {
		t.Helper()
		got, text, header := post(t, engine.Addr(), sql, parameters...)
		if got != status || header.Get("X-ClickHouse-Exception-Code") != fmt.Sprint(code) {
			t.Errorf("%.60q %v: got %d, code %s, %.200q; want %d, code %d", sql, parameters, got,
				header.Get("X-ClickHouse-Exception-Code"), text, status, code)
		}
	}
	f(62, 400, "")
	f(62, 400, " -- nothing\n")
	f(62, 400, "SELECT 1; DROP TABLE x")
	f(62, 400, "SELECT '"+strings.Repeat("x", 2<<20)+"'")
	f(48, 501, "SELECT 1", "session_id", "s")
	f(115, 400, "SELECT 1", "no_such_setting", "1")
	f(115, 400, "SELECT 1", "a = 1, max_threads", "1")
	f(36, 400, "SELECT 1", "client_protocol_version", "x")
	f(36, 400, "SELECT 1", "compress", "1", "network_compression_method", "brotli")
	f(48, 501, "KILL QUERY WHERE query_id = 'x' SYNC")
	f(164, 403, "CREATE TABLE x (n UInt8) ENGINE = Memory", "readonly", "1")
	f(271, 400, "this is no compressed frame at all, and long enough", "decompress", "1")
	if got, text, _ := post(t, engine.Addr(), "CREATE TABLE refusing (n UInt8) ENGINE = Memory", "database",
		engine.Database()); got != 200 {
		t.Fatal(text)
	}
	f(117, 400, "INSERT INTO refusing FORMAT CSV\nx\n", "database", engine.Database())
	for _, sql := range []string{
		"SELECT file('/etc/passwd')", "SELECT * FROM url('http://127.0.0.1/', CSV)", "SELECT * FROM `file` ('x')",
		"SELECT 1 INTO OUTFILE 'x'", "INSERT INTO t FROM INFILE 'x' FORMAT CSV", "INSERT INTO FUNCTION File('x') VALUES (1)",
		"CREATE TABLE x (n UInt8) ENGINE = URL('http://127.0.0.1/')", "BACKUP DATABASE default TO Disk('x')",
		"CREATE DICTIONARY d (n UInt8) PRIMARY KEY n SOURCE(EXECUTABLE(COMMAND 'id'))", "SYSTEM SHUTDOWN",
		"/**/ EXPLAIN SELECT * FROM remote('x', system.one)",
	} {
		f(497, 403, sql)
	}
	if got, text, _ := post(t, engine.Addr(), "SELECT 1"); got != 200 || text != "1\n" {
		t.Errorf("afterwards: got %d %q", got, text)
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	engine := enginetest.Start(t)
	f := func(host, origin string, want int) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+engine.Addr(),
			strings.NewReader("SELECT 1"))
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		if origin != "" {
			request.Header.Set("Origin", origin)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("host %q, origin %q: got %d, want %d", host, origin, answer.StatusCode, want)
		}
	}
	f(engine.Addr(), "", 200)
	f("localhost:8123", "", 200)
	f("[::1]:8123", "", 200)
	f(engine.Addr(), "http://"+engine.Addr(), 200)
	f("rebound.example:8123", "", 403)
	f(engine.Addr(), "http://shop.example", 403)
	f(engine.Addr(), "null", 403)
}

func TestLimits(t *testing.T) {
	process, err := devclickhouse.StartProcess(t.Context(), devclickhouse.Options{DataDir: t.TempDir(), MaxBodyBytes: 1000,
		MaxMemoryBytes: 500_000_000})
	if err != nil {
		enginetest.Start(t) // skips where there is no engine
		t.Fatal(err)
	}
	defer func() {
		if err := process.Close(); err != nil {
			t.Error(err)
		}
	}()
	f := func(n, want int) {
		t.Helper()
		if got, text, _ := post(t, process.Addr(), "SELECT 1"+strings.Repeat(" ", n-8)); got != want {
			t.Errorf("%d bytes: got %d %q, want %d", n, got, text, want)
		}
	}
	f(1000, 200)
	f(1001, 413)
	status, text, header := post(t, process.Addr(), "SELECT length(groupArray(number)) FROM numbers(80000000)")
	if status != 500 || header.Get("X-ClickHouse-Exception-Code") != "241" {
		t.Errorf("a statement that needs more memory than there is: got %d %.200q, want code 241", status, text)
	}
	status, text, header = post(t, process.Addr(), "SELECT repeat('x', 1000000) FROM numbers(2000)")
	if status != 500 || header.Get("X-ClickHouse-Exception-Code") == "" {
		t.Errorf("an answer of 2 GB: got %d %.200q, want an exception", status, text)
	}
	f(8, 200)
}
