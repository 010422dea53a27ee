package devclickhouse_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

// canary is what no answer may hold.
const canary = "canary-of-7731"

// cage is an engine beside a file that it must not read and a folder that it
// must not write to.
type cage struct {
	address string
	secret  string // path of the file that holds canary
	folder  string // what is made in it has escaped
	data    string // the engine's data folder
}

func newCage(t testing.TB) cage {
	t.Helper()
	enginetest.Start(t) // skips where there is no engine
	outside := t.TempDir()
	c := cage{secret: filepath.Join(outside, "secret"), folder: filepath.Join(outside, "folder"), data: t.TempDir()}
	if err := os.WriteFile(c.secret, []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(c.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	process, err := devclickhouse.StartProcess(t.Context(), devclickhouse.Options{DataDir: c.data, Token: testToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Close(); err != nil {
			t.Error(err)
		}
	})
	c.address = process.Addr()
	return c
}

// fill puts the paths in the places of a statement.
func (c cage) fill(form string) string {
	return strings.NewReplacer("%SECRET", c.secret, "%FOLDER", c.folder).Replace(form)
}

// escaped says how a statement got out, with the token or without, by POST or by
// GET; empty where it did not.
func (c cage) escaped(t testing.TB, sql, parameters string) string {
	t.Helper()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for _, token := range []string{"", testToken} {
			query, body := "?"+parameters, sql
			if method == http.MethodGet {
				query, body = "?query="+url.QueryEscape(sql)+"&"+parameters, ""
			}
			if text := c.ask(t, method, query, body, token); strings.Contains(text, canary) {
				return fmt.Sprintf("%s with the token %q reads the file: %.200q", method, token, text)
			}
		}
	}
	made, err := os.ReadDir(c.folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(made) > 0 {
		if err := os.RemoveAll(filepath.Join(c.folder, made[0].Name())); err != nil {
			t.Fatal(err)
		}
		return "writes the file " + made[0].Name()
	}
	return ""
}

func (c cage) ask(t testing.TB, method, query, body, token string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+c.address+"/"+query, strings.NewReader(body))
	if err != nil {
		return ""
	}
	if token != "" {
		request.SetBasicAuth("default", token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return ""
	}
	return string(text)
}

// escapes are statements that got out of an earlier fence, or are next to one
// that did: each reads the file %SECRET or writes to %FOLDER in an engine
// without a fence.
var escapes = []string{
	// Two lexers that disagree.
	"SELECT 'x' AS a$$ INTO OUTFILE '%FOLDER/x' TRUNCATE FORMAT TSV /*$$*/",
	"SELECT 1 AS a$$, file('%SECRET') AS b$$",
	"SELECT 1 /* /* */ + ' */ , file($$%SECRET$$) /* ' */",
	"SELECT 1 /* /* */ + ' */ */ , file('%SECRET') /* ' */",
	"SELECT 1 // '\n, file('%SECRET') // '",
	"SELECT $a b$ ' $a b$, file('%SECRET') -- '",
	"SELECT * FROM ‘%SECRET’", "SELECT * FROM “%SECRET”",
	"SELECT * FROM `fi\\Nle`('%SECRET', LineAsString)",
	"SELECT .5FROM '%SECRET'", "SELECT .5e FROM '%SECRET'", "SELECT .5FROM system.one, '%SECRET'",
	// Functions without a parenthesis, and table functions behind a comma.
	"SELECT * APPLY(file) FROM (SELECT '%SECRET' AS x)", "SELECT * APPLY file FROM (SELECT '%SECRET' AS x)",
	"SELECT * APPLY `file` FROM (SELECT '%SECRET' AS x)", "SELECT * APPLY \"fi\\x6ce\" FROM (SELECT '%SECRET' AS x)",
	"SELECT COLUMNS('x') APPLY(file) FROM (SELECT '%SECRET' AS x)", "SELECT arrayMap(file, ['%SECRET'])",
	"SELECT * FROM system.one, file('%SECRET', LineAsString)",
	"SELECT * FROM system.one, fileCluster('', '%SECRET', LineAsString)",
	"SELECT * FROM eval('SELECT file(''%SECRET'')') SETTINGS allow_experimental_eval_table_function",
	"SELECT * FROM system.one, eval('SELECT file(''%SECRET'')') SETTINGS allow_experimental_eval_table_function = 1",
	// Texts that are expressions, or names of tables.
	"SELECT x FROM format(CSV, 'a UInt8, x String ALIAS file(''%SECRET'')', '1')",
	"SELECT * FROM format(CSV, concat('a UInt8, x String DEFAULT fi', 'le(''%SECRET'')'), '1,')",
	"SELECT * FROM format(Values, 'a String', '(file(''%SECRET''))')",
	"SELECT x FROM values('a UInt8, x String ALIAS file(''%SECRET'')', 1)",
	"SELECT x FROM system.one, VALUES('a UInt8, x String ALIAS file(''%SECRET'')', 1)",
	"SELECT x FROM generateRandom('a UInt8, x String ALIAS file(''%SECRET'')') LIMIT 1",
	"SELECT * FROM loop('default', '%SECRET') LIMIT 1", "SELECT * FROM system.one, loop('default', '%SECRET') LIMIT 1",
	// Names that are paths.
	"SELECT * FROM system.one, `%SECRET`", "SELECT * FROM default.`%SECRET`",
	"SELECT * FROM system.one, default.`%SECRET`",
	"SELECT * FROM system.one, '%SECRET'", "SELECT * FROM (system.one, '%SECRET')",
	"SELECT * FROM system.one AS where, '%SECRET'",
	"SELECT * FROM system.one AS select, '%SECRET'", "SELECT * FROM system.one CROSS JOIN '%SECRET'",
	"WITH select AS (SELECT 1) SELECT * FROM (select, '%SECRET')", "SELECT * FROM system.one, '\\x2f\\x2e\\x2e%SECRET'",
	"SELECT '%SECRET' IN `%SECRET`", "DESCRIBE `%SECRET`", "INSERT INTO `%FOLDER/x.csv` SELECT 'x'",
	"INSERT INTO default.`%FOLDER/x.csv` (c1) SELECT 'x'",
	// Files that a statement names as such.
	"SELECT 1 INTO/**/OUTFILE '%FOLDER/x'", "SELECT 'x' INTO OUTFILE '%FOLDER/x' FORMAT CSV",
	"(SELECT 1) INTO OUTFILE '%FOLDER/x'",
	"EXPLAIN SELECT 1 INTO OUTFILE '%FOLDER/x'", "SHOW DATABASES INTO OUTFILE '%FOLDER/x'",
	// Settings that hold an expression.
	"SELECT * FROM system.one SETTINGS additional_result_filter = 'throwIf(toUInt8(file(''%SECRET'')))'",
	"SELECT 1. SETTINGS additional_result_filter = 'toUInt8(file(''%SECRET''))'",
	"SELECT * FROM system.one SETTINGS additional_table_filters = {'system.one': 'toUInt8(file(''%SECRET'')) = 1'}",
	"SHOW TABLES SETTINGS additional_result_filter = 'toUInt8(file(''%SECRET''))'",
	"SELECT getSetting('log_comment') SETTINGS param_x = 1, additional_result_filter = 'toUInt8(file(''%SECRET''))'",
}

// TestNoStatementEscapes runs what got out.
func TestNoStatementEscapes(t *testing.T) {
	c := newCage(t)
	for _, form := range escapes {
		if how := c.escaped(t, c.fill(form), ""); how != "" {
			t.Errorf("%s: %s", form, how)
		}
	}
}

// TestNoSettingEscapes sets what leads out in the URL.
func TestNoSettingEscapes(t *testing.T) {
	c := newCage(t)
	read := c.fill("toUInt8(file('%SECRET'))")
	for _, f := range []struct{ sql, name, value string }{
		{"SELECT * FROM system.one", "additional_result_filter", read},
		{"SELECT * FROM system.one", "Additional_Result_Filter", read},
		{"SELECT * FROM system.one", "additional_table_filters", `{'system.one': '` + strings.ReplaceAll(read, "'",
			`\'`) + `'}`},
		{"SELECT 'x' FORMAT Template", "format_template_row", c.secret},
		{"SELECT 'x' FORMAT Template", "format_template_resultset", c.secret},
		{"SELECT 1 AS x FORMAT Protobuf", "format_schema", c.secret + ":M"},
		{"SELECT * FROM {t:Identifier}", "param_t", c.secret},
		{"SELECT * FROM {t:Identifier}", "param_t", "default." + c.secret},
		{"SELECT * FROM system.one, {t:Identifier}", "param_t", strings.ReplaceAll(c.secret, "/", `\x2f`)},
		{"SELECT 1", "database", c.secret},
	} {
		if how := c.escaped(t, f.sql, url.Values{f.name: {f.value}}.Encode()); how != "" {
			t.Errorf("%s with %s=%s: %s", f.sql, f.name, f.value, how)
		}
	}
	for _, name := range []string{"additional_result_filter", "additional_table_filters", "format_template_row",
		"format_schema",
		"format_avro_schema_registry_url", "allow_experimental_eval_table_function", "output_format_avro_codec",
		"dialect", "url_base",
		"input_format_record_errors_file_path", "output_format_schema", "param", "default_table_engine", "disk",
		"input_format_values_interpret_expressions", "max_memory_usage"} {
		for _, token := range []string{"", testToken} {
			for sql, query := range map[string]string{"SELECT 1": "?" + name + "=1", "SELECT 2 SETTINGS " + name + "=1": "",
				"SELECT 3 SETTINGS max_threads=1, `" + name + "`=1": "", "SET " + name + "=1": "", "SET max_threads=1, " +
					name: ""} {
				if text := c.ask(t, http.MethodPost, query, sql, token); !strings.Contains(text, "UNKNOWN_SETTING") &&
					!strings.Contains(text, "READONLY") {
					t.Errorf("%s%s: %q", sql, query, text)
				}
			}
		}
	}
}

// TestMadeThingsDoNotEscape makes views, tables and the like with the token and
// reads them without.
func TestMadeThingsDoNotEscape(t *testing.T) {
	c := newCage(t)
	for i, form := range []string{
		"CREATE VIEW %NAME AS SELECT * APPLY(file) FROM (SELECT '%SECRET' AS x)",
		"CREATE VIEW %NAME AS SELECT 1 AS a$$, file('%SECRET') AS b$$",
		"CREATE VIEW %NAME AS SELECT * FROM system.one, '%SECRET'",
		"CREATE VIEW %NAME AS SELECT * FROM default.`%SECRET`",
		"CREATE VIEW %NAME AS SELECT * FROM secret",
		"CREATE VIEW %NAME AS SELECT x FROM format(CSV, 'a UInt8, x String ALIAS file(''%SECRET'')', '1')",
		"CREATE TABLE %NAME (a UInt8, x String ALIAS file('%SECRET')) ENGINE = Memory",
		"CREATE TABLE %NAME (a UInt8, x String DEFAULT arrayMap(file, ['%SECRET'])[1]) ENGINE = Memory AS SELECT 1 AS a",
		"CREATE TABLE %NAME (c1 String) ENGINE = File(LineAsString, '%SECRET')",
		"CREATE TABLE %NAME (c1 String) ENGINE File(LineAsString, '%SECRET')",
		"CREATE TABLE %NAME (c1 String) ENGINE = Buffer('default', '%SECRET', 1, 1, 1, 1, 1, 1, 1)",
		"CREATE TABLE %NAME (c1 String) ENGINE Buffer('default', '%SECRET', 1, 1, 1, 1, 1, 1, 1)",
		"CREATE TABLE %NAME (c1 String) ENGINE = Executable('cat %SECRET', TSV)",
		"CREATE TABLE %NAME ENGINE = Loop('default', '%SECRET')",
		"CREATE TABLE %NAME AS `%SECRET`",
		"CREATE TABLE %NAME ENGINE = Memory AS SELECT * FROM file('%SECRET', LineAsString)",
		"CREATE MATERIALIZED VIEW %NAME ENGINE = Memory POPULATE AS SELECT file('%SECRET') AS x",
		"CREATE MATERIALIZED VIEW %NAME REFRESH EVERY 1 SECOND ENGINE = Memory AS SELECT arrayMap(file, ['%SECRET']) AS x",
		"CREATE DICTIONARY %NAME (a String) PRIMARY KEY a SOURCE(FILE(PATH '%SECRET' FORMAT LineAsString)) LAYOUT(DIRECT())",
		"CREATE FUNCTION %NAME AS x -> file('%SECRET')", "CREATE DATABASE %NAME ENGINE = Filesystem('/')",
		"CREATE TEMPORARY TABLE %NAME AS SELECT file('%SECRET') AS x",
	} {
		name := fmt.Sprintf("made_%d", i)
		sql := strings.ReplaceAll(c.fill(form), "%NAME", name)
		text := c.ask(t, http.MethodPost, "", sql, testToken)
		for _, read := range []string{"SELECT * FROM " + name, "SELECT *, x FROM " + name, "SELECT " + name + "(1)",
			"SELECT x FROM " + name} {
			if text += c.ask(t, http.MethodGet, "?query="+url.QueryEscape(read), "", ""); strings.Contains(text, canary) {
				t.Errorf("%s: %s reads the file: %q", form, read, text)
			}
		}
	}
	if text := c.ask(t, http.MethodPost, "", "CREATE TABLE filled (x String) ENGINE = Memory", testToken); text != "" {
		t.Fatal(text)
	}
	for _, sql := range []string{c.fill("INSERT INTO filled VALUES (file('%SECRET'))"),
		c.fill("INSERT INTO filled FORMAT Values (file('%SECRET'))"),
		c.fill("INSERT INTO filled FROM INFILE '%SECRET' FORMAT LineAsString"),
		c.fill("INSERT INTO filled SELECT * FROM default.`%SECRET`")} {
		text := c.ask(t, http.MethodPost, "", sql, testToken)
		if text += c.ask(t, http.MethodPost, "", "SELECT * FROM filled", ""); strings.Contains(text, canary) {
			t.Errorf("%s reads the file: %q", sql, text)
		}
	}
}

// TestSecondStatements: behind a statement of a kind that is let through stands
// one of another kind.
func TestSecondStatements(t *testing.T) {
	c := newCage(t)
	if text := c.ask(t, http.MethodPost, "", "CREATE TABLE kept (x String) ENGINE = Memory", testToken); text != "" {
		t.Fatal(text)
	}
	c.ask(t, http.MethodPost, "",
		"CREATE TABLE beside (x Int8) ENGINE = Memory PARALLEL WITH CREATE FUNCTION made_beside AS x -> x + 1", testToken)
	if text := c.ask(t, http.MethodPost, "", "SELECT made_beside(1)", ""); !strings.Contains(text, "UNKNOWN_FUNCTION") {
		t.Errorf("a function was made: %q", text)
	}
	c.ask(t, http.MethodPost, "", "SELECT 1 PARALLEL WITH DROP TABLE kept", "")
	c.ask(t, http.MethodPost, "", "WITH a AS (SELECT 'x') INSERT INTO kept SELECT * FROM a", "")
	c.ask(t, http.MethodGet, "?query="+url.QueryEscape("WITH a AS (SELECT 'x') INSERT INTO kept SELECT * FROM a"), "",
		testToken)
	c.ask(t, http.MethodPost, "", "EXPLAIN INSERT INTO kept SELECT 'x'", "")
	if text := c.ask(t, http.MethodPost, "", "SELECT count() FROM kept", ""); text != "0\n" {
		t.Errorf("the table was changed without the token: %q", text)
	}
}

// TestTheWorkingFolderIsNoDatabase: the engine shows the files of the folder
// that its process stands in as tables, by their bare names.
func TestTheWorkingFolderIsNoDatabase(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "bareword"), []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	c := newCage(t)
	for _, sql := range []string{"SELECT * FROM bareword", "SELECT * FROM default.bareword",
		"SELECT * FROM {t:Identifier}", "SELECT * FROM `bareword`"} {
		if how := c.escaped(t, sql, "param_t=bareword"); how != "" {
			t.Errorf("%s: %s", sql, how)
		}
	}
}

// TestTheEngineItselfHasNoRightToFiles: behind the front's fence the engine has
// one of its own. A file in its own folder is all that a bare name can reach.
func TestTheEngineItselfHasNoRightToFiles(t *testing.T) {
	c := newCage(t)
	if err := os.WriteFile(filepath.Join(c.data, "engine", "bareword"), []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := c.ask(t, http.MethodPost, "", "SELECT * FROM bareword", testToken); !strings.Contains(text,
		"READ ON FILE") {
		t.Errorf("the engine reads a file that is named like a table: %q", text)
	}
	text := c.ask(t, http.MethodPost, "", "SHOW GRANTS", testToken)
	if !strings.HasPrefix(text, "GRANT CHECK, SHOW, SELECT, INSERT, ALTER,") || strings.Count(text, "\n") != 1 {
		t.Errorf("the engine's rights are %q", text)
	}
}
