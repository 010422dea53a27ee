package devclickhouse

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/sinks/clickhouse/lexer"
)

// refusedBy is the code by which a statement is refused; 0 where it is let through.
func refusedBy(sql string) int {
	_, err := parseStatement([]byte(sql))
	var e *exception
	if errors.As(err, &e) {
		return e.code
	}
	return 0
}

func TestTheFence(t *testing.T) {
	for sql, want := range map[string]int{
		"SELECT * FROM `ur\\x6c`('http://127.0.0.1:1/', CSV)":                   497,
		"SELECT * FROM `fil\\x65`('/etc/passwd')":                               497,
		"SELECT * FROM `execut\\x61ble`('x', TSV, 'a Int8')":                    497,
		`SELECT * FROM "fil\145"('x')`:                                          497, // no table function of the list either
		"SELECT * FROM URL('http://x')":                                         497,
		"SELECT * FROM/**/url/**/('http://x')":                                  497,
		"SELECT * FROM numbers(1), url('http://x')":                             497,
		"SELECT 1 WHERE 1 IN remote('x', system.one)":                           497,
		"SELECT * FROM somethingNew('x')":                                       497,
		"SELECT * FROM `/etc/passwd`":                                           497,
		"SELECT * FROM '/etc/passwd'":                                           497,
		"SELECT * FROM \"data.csv\"":                                            497,
		"SELECT * FROM `\\x2fetc\\x2fpasswd`":                                   497,
		"DESCRIBE TABLE file('x')":                                              497,
		"DESCRIBE `/etc/passwd`":                                                497,
		"INSERT INTO FUNCTION file('x') SELECT 1":                               497,
		"INSERT INTO TABLE FUNCTION url('http://x') SELECT 1":                   497,
		"INSERT INTO t FROM INFILE 'x' FORMAT CSV":                              497,
		"SELECT 1 INTO OUTFILE 'x'":                                             497,
		"CREATE DATABASE d ENGINE = Filesystem('/tmp')":                         497,
		"CREATE DATABASE d ENGINE = `F\\x69lesystem`('/tmp')":                   497,
		"CREATE DATABASE d ENGINE Filesystem('/tmp')":                           497,
		"CREATE TABLE t (a Int8) ENGINE = URL('http://x', CSV)":                 497,
		"CREATE TABLE t (a Int8) ENGINE = Kafka SETTINGS kafka_broker_list='x'": 497,
		"CREATE TABLE t (a Int8) ENGINE = Distributed(c, d, t)":                 497,
		"CREATE TABLE t AS url('http://x')":                                     497,
		"CREATE TABLE t AS somethingNew('x')":                                   497,
		"ATTACH TABLE t FROM '/dir' (a Int8) ENGINE = MergeTree ORDER BY a":     497,
		"CREATE FUNCTION f AS x -> x":                                           497,
		"CREATE OR REPLACE FUNCTION f AS x -> x":                                497,
		"CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(HTTP(URL 'x'))":      497,
		"CREATE NAMED COLLECTION n AS a = 1":                                    497,
		"CREATE USER u":                                                         497,
		"GRANT ALL ON *.* TO u":                                                 497,
		"BACKUP TABLE t TO Disk('d', 'x')":                                      497,
		"RESTORE ALL FROM Disk('d', 'x')":                                       497,
		"SYSTEM SHUTDOWN":                                                       497,
		"SYSTEM RELOAD CONFIG":                                                  497,
		"SELECT catboostEvaluate('x', 1)":                                       497,
		"SELECT addressToLine(1)":                                               497,
		"SELECT * FROM ur\u00a0l('x')":                                          62,
		"SELECT * FROM \u201curl\u201d('x')":                                    62,
		"SELECT 1; SELECT 2":                                                    62,
		"SELEC 1":                                                               62,

		"SELECT count() FROM holdfast.v_customers_at_risk":                             0,
		"SELECT customer_id, round(p_alive, 2) FROM holdfast.`customer_current` FINAL": 0,
		"SELECT domain('http://x/y'), cutToFirstSignificantSubdomain(u) FROM t":        0,
		"SELECT 'url(1)', `file` FROM t":                                               0,
		"SELECT engine FROM system.tables WHERE engine = 'MergeTree'":                  0,
		"SELECT * FROM numbers(10) AS n JOIN zeros(3) AS z ON 1":                       0,
		"WITH a AS (SELECT 1) SELECT * FROM a":                                         0,
		"(SELECT 1) UNION ALL (SELECT 2)":                                              0,
		"SHOW TABLES FROM holdfast":                                                    0,
		"EXPLAIN SELECT 1":                                                             0,
		"INSERT INTO t (a, b) VALUES (1, 'url(')":                                      0,
		"CREATE TABLE file (url String) ENGINE = ReplacingMergeTree(seq) ORDER BY url": 0,
		"CREATE TABLE file(url String) ENGINE = MergeTree ORDER BY url":                0,
		"CREATE OR REPLACE VIEW v AS SELECT engine, name FROM system.tables":           0,
		"CREATE MATERIALIZED VIEW m REFRESH EVERY 1 HOUR TO t AS SELECT 1":             0,
		"CREATE TEMPORARY TABLE x (a Int8) ENGINE = Memory":                            0,
		"ALTER TABLE t ADD COLUMN IF NOT EXISTS a Int8":                                0,
		"SYSTEM FLUSH LOGS":                 0,
		"-- a comment\nSELECT /* url( */ 1": 0,
	} {
		if got := refusedBy(sql); got != want {
			t.Errorf("%s: refused by %d, want %d", sql, got, want)
		}
	}
}

// spelling writes a name in one of the ways in which the engine reads it.
func spelling(r *rand.Rand, name string) string {
	var inner strings.Builder
	for _, c := range []byte(name) {
		if c >= 'a' && r.IntN(2) == 0 {
			c ^= 0x20
		}
		if r.IntN(2) == 0 {
			fmt.Fprintf(&inner, []string{`\x%02x`, `\x%02X`}[r.IntN(2)], c)
		} else {
			inner.WriteByte(c)
		}
	}
	blank := []string{"", " ", "\n", "/**/", "-- x\n", "/* ( */ "}[r.IntN(6)]
	switch r.IntN(3) {
	case 0:
		return "`" + inner.String() + "`" + blank
	case 1:
		return `"` + inner.String() + `"` + blank
	}
	if r.IntN(2) == 0 {
		name = strings.ToUpper(name)
	}
	return name + blank
}

// TestNoSpellingPassesTheFence writes what is refused in thousands of ways.
func TestNoSpellingPassesTheFence(t *testing.T) {
	r := rand.New(rand.NewPCG(24, 7))
	for name := range outside {
		for range 60 {
			for _, form := range []string{"SELECT * FROM %s('x')", "SELECT 1 FROM a, %s('x')",
				"INSERT INTO FUNCTION %s('x') SELECT 1",
				"CREATE TABLE t (a Int8) ENGINE = %s('x')", "DESCRIBE TABLE %s('x')"} {
				if sql := fmt.Sprintf(form, spelling(r, name)); refusedBy(sql) != 497 {
					t.Fatalf("refused by %d: %q", refusedBy(sql), sql)
				}
			}
		}
	}
}

// FuzzFence: nothing panics, and what is let through names nothing outside in a call.
func FuzzFence(f *testing.F) {
	f.Add("SELECT * FROM `ur\\x6c`('x')")
	f.Add("SELECT * FROM \"a\"\"b\" WHERE x = 'it''s' -- url(")
	f.Fuzz(func(t *testing.T, sql string) {
		if refusedBy(sql) != 0 {
			return
		}
		l := &lexer.Lexer{Text: []byte(sql)}
		for last, tok := (lexer.Token{}), l.Next(); tok.Kind != lexer.End; last, tok = tok, l.Next() {
			if tok.Is("(") && last.Kind == lexer.Quoted && last.Text == "executable" {
				return // a table of that name with its columns, or refused above
			}
		}
	})
}
