package devclickhouse

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
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
		`SELECT * FROM "fil\145"('x')`:                                          497,
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
		"SELECT 1 /* /* */ */":                                                  62,
		"SELECT 1 /* /*/ */":                                                    62,
		"SELECT 1 // x":                                                         62,
		"SELECT a$$":                                                            62,
		"SELECT 'x":                                                             62,
		"SELECT 1 /* x":                                                         62,
		"SELECT 1e--x\n2":                                                       62,
		"SELECT .5FROM t":                                                       62,
		"SELECT x'4g'":                                                          62,
		"SELECT \\G":                                                            62,
		"SELECT 1\x00":                                                          62,
		"SELECT outfile FROM t":                                                 497,
		"SELECT 1 SETTINGS allow_ddl":                                           115,
		"SELECT 1. SETTINGS a = 1":                                              115,
		"SHOW TABLES SETTINGS a = 1":                                            115,
		"ALTER TABLE t MODIFY SETTING disk = 'x'":                               115,
		"CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS storage_policy = 'x'": 115,
		"CREATE TABLE t (a Int8 SETTINGS (a = 1)) ENGINE = MergeTree ORDER BY a":              115,
		"CREATE TABLE a (x Int8) ENGINE = Memory PARALLEL WITH CREATE FUNCTION f AS x -> x":   497,
		"ALTER USER u IDENTIFIED BY 'x'":                                                      497,
		"SYSTEM START LISTEN TCP":                                                             497,
		"CREATE TABLE t ON CLUSTER c (a Int8) ENGINE = Memory":                                497,
		"SELECT * FROM \u201curl\u201d('x')":                                                  62,
		"SELECT 1; SELECT 2":                                                                  62,
		"SELEC 1":                                                                             62,

		"SELECT count() FROM holdfast.v_customers_at_risk":                             0,
		"SELECT customer_id, round(p_alive, 2) FROM holdfast.`customer_current` FINAL": 0,
		"SELECT domain('http://x/y'), cutToFirstSignificantSubdomain(u) FROM t":        0,
		"SELECT 'url(1)', `a file` FROM t":                                             0,
		"SELECT engine FROM system.tables WHERE engine = 'MergeTree'":                  0,
		"SELECT * FROM numbers(10) AS n JOIN zeros(3) AS z ON 1":                       0,
		"WITH a AS (SELECT 1) SELECT * FROM a":                                         0,
		"(SELECT 1) UNION ALL (SELECT 2)":                                              0,
		"SHOW TABLES FROM holdfast":                                                    0,
		"EXPLAIN SELECT 1":                                                             0,
		"INSERT INTO t (a, b) VALUES (1, 'url(')":                                      0,
		"CREATE TABLE files (a String) ENGINE = ReplacingMergeTree(seq) ORDER BY a":    0,
		"CREATE TABLE format(`values` String) ENGINE = MergeTree ORDER BY `values`":    0,
		"CREATE OR REPLACE VIEW v AS SELECT engine, name FROM system.tables":           0,
		"CREATE MATERIALIZED VIEW m REFRESH EVERY 1 HOUR TO t AS SELECT 1":             0,
		"CREATE TEMPORARY TABLE x (a Int8) ENGINE = Memory":                            0,
		"ALTER TABLE t ADD COLUMN IF NOT EXISTS a Int8":                                0,
		"SYSTEM FLUSH LOGS":                 0,
		"-- a comment\nSELECT /* url( */ 1": 0,

		// What tools for reports write.
		`SELECT count(*) AS "count(*)", sum(a) AS "Sum of a (EUR) in %" FROM "db"."t" ORDER BY "count(*)" DESC`: 0,
		`SELECT a AS "t.a", b AS "is it?", 'it''s \'{x}\' /*' AS "{b}" FROM t`:                                  0,
		"SELECT name, value, readonly FROM system.settings LIMIT 10":                                            0,
		"SHOW SETTINGS LIKE 'max%'": 0,
		"SELECT a FROM t WHERE a IN ('x/y', 'z/w') AND b = replaceAll(c, '/', '-')":     0,
		"SELECT * FROM (SELECT 'x/y' AS a, 'z/w' AS b)":                                 0,
		"SELECT 1e-5, .5, 1.5e3, 0x1F, x'41', b'01', 1_000, t.1, -a-1 -- x\nFROM t # y": 0,
		"SELECT a FROM t SETTINGS max_threads = 1, final = 1 FORMAT JSON":               0,
		"SELECT `a``b`, \"a\"\"b\", 'ключ', `ключ` FROM t WHERE a = '$1' AND `$b` = $x": 62,
		"SELECT `a``b`, \"a\"\"b\", 'ключ', `ключ` FROM t WHERE a = '$1' AND `$b` = 1":  0,
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
	names := make([]string, 0, len(outsideTables))
	for name := range outsideTables {
		names = append(names, name)
	}
	for name := range outsideFunctions {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for range 20 {
			for _, form := range []string{"SELECT * FROM %s('x')", "SELECT 1 FROM a, %s('x')",
				"INSERT INTO FUNCTION %s('x') SELECT 1",
				"CREATE TABLE t (a Int8) ENGINE = %s('x')", "DESCRIBE TABLE %s('x')",
				"SELECT * APPLY(%s) FROM t", "SELECT arrayMap(%s, a) FROM t", "SELECT * FROM a, %s(x)",
				"CREATE VIEW v AS SELECT * APPLY %s FROM t"} {
				if sql := fmt.Sprintf(form, spelling(r, name)); refusedBy(sql) != 497 {
					t.Fatalf("refused by %d: %q", refusedBy(sql), sql)
				}
			}
		}
	}
}
