package devclickhouse

import (
	"bytes"
	"strings"
	"testing"
)

func TestParseStatement(t *testing.T) {
	f := func(sql string, want statement) {
		t.Helper()
		got, err := parseStatement([]byte(sql))
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			return
		}
		if want.text == nil {
			want.text = []byte(sql)
		}
		if got.first != want.first || got.insertFormat != want.insertFormat || got.outputFormat != want.outputFormat ||
			got.session != want.session ||
			!bytes.Equal(got.text, want.text) || !bytes.Equal(got.data, want.data) {
			t.Errorf("%s\n got %+v\nwant %+v", sql, *got, want)
		}
	}
	f("", statement{})
	f("select 1", statement{first: "SELECT"})
	f("(SELECT 1)", statement{first: "SELECT"})
	f("SELECT 1 FORMAT JSON", statement{first: "SELECT", outputFormat: "JSON"})
	f("SELECT 1 format JSON;", statement{first: "SELECT", outputFormat: "JSON"})
	f("SELECT 1 FORMAT JSON SETTINGS max_threads = 1", statement{first: "SELECT", outputFormat: "JSON"})
	f("SELECT 1 SETTINGS max_threads = 1 FORMAT JSON -- end", statement{first: "SELECT", outputFormat: "JSON"})
	f("SELECT format FROM t", statement{first: "SELECT"})
	f("SELECT 'x FORMAT JSON'", statement{first: "SELECT"})
	f("SELECT 1 /* FORMAT JSON */", statement{first: "SELECT"})
	f("SELECT `FORMAT` JSON", statement{first: "SELECT"})
	f("SET max_threads = 1", statement{first: "SET", session: true})
	f("USE x", statement{first: "USE", session: true})
	f("CREATE TEMPORARY TABLE x (n UInt8)", statement{first: "CREATE", session: true})
	f("CREATE TABLE temporary (n UInt8)", statement{first: "CREATE"})
	insert := func(sql, text, format, data string) {
		t.Helper()
		f(sql, statement{first: "INSERT", text: []byte(text), insertFormat: format, data: []byte(data)})
	}
	insert("INSERT INTO t VALUES (1)", "INSERT INTO t ", "Values", " (1)")
	insert("INSERT INTO t (a, b) values", "INSERT INTO t (a, b) ", "Values", "")
	insert("INSERT INTO t FORMAT Native", "INSERT INTO t ", "Native", "")
	insert("INSERT INTO t FORMAT CSV\n\n1;2", "INSERT INTO t ", "CSV", "\n1;2")
	insert("INSERT INTO t FORMAT CSV \r\n1", "INSERT INTO t ", "CSV", "1")
	insert("INSERT INTO `t ; ` FORMAT JSONEachRow {}", "INSERT INTO `t ; ` ", "JSONEachRow", "{}")
	insert("INSERT INTO values VALUES (1)", "INSERT INTO values ", "Values", " (1)")
	insert("INSERT INTO db.format (values) FORMAT CSV\n1", "INSERT INTO db.format (values) ", "CSV", "1")
	insert("INSERT INTO TABLE format FORMAT CSV\n1", "INSERT INTO TABLE format ", "CSV", "1")
	insert("INSERT INTO t SETTINGS log_comment = 'FORMAT CSV' VALUES (1)",
		"INSERT INTO t SETTINGS log_comment = 'FORMAT CSV' ", "Values", " (1)")
	insert("INSERT INTO t FORMAT Values (1)", "INSERT INTO t ", "Values", "(1)")
	insert("INSERT INTO t VALUES ('a'); SELECT 1", "INSERT INTO t ", "Values", " ('a'); SELECT 1")
	f("INSERT INTO t SELECT * FROM numbers(1)", statement{first: "INSERT"})
	f("INSERT INTO t SELECT 1", statement{first: "INSERT"})
}

func TestFence(t *testing.T) {
	f := func(sql string, refused bool) {
		t.Helper()
		_, err := parseStatement([]byte(sql))
		if refused != (err != nil && strings.HasPrefix(err.Error(), "Code: 497.")) {
			t.Errorf("%s: got error %v, want refused %v", sql, err, refused)
		}
	}
	f("SELECT * FROM file('x')", true)
	f("SELECT * FROM FILE /* x */ ('x')", true)
	f("SELECT (SELECT url('x'))", true)
	f("SELECT 1 INTO OUTFILE 'x'", true)
	f("INSERT INTO FUNCTION file('x', CSV) SELECT 1", true)
	f("INSERT INTO t FROM INFILE 'x'", true)
	f("BACKUP TABLE t TO x", true)
	f("SYSTEM KILL", true)
	f("SELECT url, 1 FROM t", true)
	f("CREATE TABLE file (a String) ENGINE = MergeTree ORDER BY a", true)
	f("SELECT 'file(', `the url` FROM t", false)
	f("SYSTEM REFRESH VIEW x", false)
	f("KILL QUERY WHERE 1 ASYNC", false)
	f("OPTIMIZE TABLE sync FINAL", false)
	f("SELECT backup FROM t", false)
}

// What the lexer is given never stops it, and an INSERT's parts are the whole.
func FuzzParseStatement(f *testing.F) {
	for _, sql := range []string{
		"SELECT 1", "INSERT INTO t (a) FORMAT CSV\n1,2", "INSERT INTO t VALUES ('a\\'', \"b\"\"\")", "/* ", "-- x",
		"$$", "$a$ x $a$",
		"'", "`", "\\", "SELECT '\\", "#!x\n;;", "INSERT INTO . FORMAT x",
	} {
		f.Add([]byte(sql))
	}
	f.Fuzz(func(t *testing.T, sql []byte) {
		s, err := parseStatement(sql)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(sql, s.text) || !bytes.HasSuffix(sql, s.data) || len(s.text)+len(s.data) > len(sql) {
			t.Errorf("%q was split into %q and %q", sql, s.text, s.data)
		}
		if s.insertFormat == "" && (len(s.data) > 0 || len(s.text) != len(sql)) {
			t.Errorf("%q has data %q without a format", sql, s.data)
		}
	})
}
