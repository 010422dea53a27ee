package devclickhouse_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse"
)

// choices are the bytes by which a fuzzer steers; past their end all are zero.
type choices []byte

func (c *choices) next(n int) int {
	if len(*c) == 0 {
		return 0
	}
	b := (*c)[0]
	*c = (*c)[1:]
	return int(b) % n
}

// pieces are what a statement is written anew by: texts, names, blanks, the rest.
var pieces = regexp.MustCompile(`'(?:[^'\\]|''|\\.)*'|[A-Za-z_][A-Za-z0-9_]*|\s+|.`)

// respell writes a statement in another way that the engine may read alike, or
// that one of two lexers may. Zeros leave it as it is.
func respell(sql string, c *choices) string {
	var out strings.Builder
	for _, piece := range pieces.FindAllString(sql, -1) {
		switch first := piece[0]; {
		case first == '\'' && len(piece) > 1:
			out.WriteString(respellText(piece, c))
		case strings.TrimSpace(piece) == "":
			out.WriteString([]string{" ", "\n", "/**/", " -- '\n", "/* ' */", "# `\n", "\t", "/*/* */*/", "// '\n", "\u00a0",
				"/*$$*/",
				"/*/ */", "\v", "#!\n", "/* /* ' */ */", "\x00", ""}[c.next(17)])
		case first >= 'a' && first <= 'z':
			out.WriteString(respellName(piece, c))
		case first == ',':
			out.WriteString([]string{",", ", 1 AS a$$,", ", .5,", ", 'it''s',", ", '\\'',", ", `a\\``b`,", ", x'27',",
				", 1.,", ", $$'$$,",
				", (1, '/'),", " AS `,`,", ", “'”,", " CROSS JOIN ", " JOIN "}[c.next(14)])
		default:
			out.WriteString(piece)
		}
	}
	return enclose(out.String(), c)
}

func respellText(text string, c *choices) string {
	inner := strings.ReplaceAll(text[1:len(text)-1], "''", "'")
	half := len(inner) / 2
	quoted := func(s string) string { return "'" + strings.NewReplacer("'", "''").Replace(s) + "'" }
	switch c.next(12) {
	case 1:
		return "$$" + inner + "$$"
	case 2:
		return "$t$" + inner + "$t$"
	case 3:
		return "‘" + inner + "’"
	case 4:
		return fmt.Sprintf("x'%x'", inner)
	case 5:
		return quoted(strings.ReplaceAll(inner, "/", `\x2f`))
	case 6:
		return "concat(" + quoted(inner[:half]) + ", " + quoted(inner[half:]) + ")"
	case 7:
		return "(" + text + ")"
	case 8:
		return "`" + inner + "`"
	case 9:
		return "default.`" + inner + "`"
	case 10:
		return "\"" + strings.ReplaceAll(inner, "/", `\/`) + "\""
	case 11:
		return "{p:Identifier}"
	}
	return text
}

func respellName(name string, c *choices) string {
	switch c.next(12) {
	case 1:
		return strings.ToUpper(name)
	case 2:
		return "`" + name + "`"
	case 3:
		return `"` + name + `"`
	case 4:
		return fmt.Sprintf("`\\x%02x%s`", name[0], name[1:])
	case 5:
		return "“" + name + "”"
	case 6:
		return "`" + name[:1] + `\N` + name[1:] + "`"
	case 7:
		return name + "$"
	case 8:
		return "default." + name
	case 9:
		return ".5" + name
	case 10:
		return "1e-" + name
	}
	return name
}

// enclose puts a statement into another.
func enclose(sql string, c *choices) string {
	return fmt.Sprintf([]string{"%s", "SELECT * FROM (%s)", "WITH q AS (%s) SELECT * FROM q",
		"SELECT * FROM system.one, (%s)", "(%s)",
		"SELECT 1 WHERE 1 IN (%s)", "EXPLAIN %s", "SELECT (%s)", "SELECT * FROM view(%s)", "SELECT 1 AS a$$, (%s) /*$$*/",
		"SELECT '1' UNION ALL %s", "DESCRIBE (%s)", "%s FORMAT JSON", "%s SETTINGS max_threads = 1",
		"SELECT 1 + 1.;%s"}[c.next(15)], sql)
}

// FuzzSpellings writes what once got out in other ways. What the fence lets
// through must not read the canary, nor write a file, in the real engine.
func FuzzSpellings(f *testing.F) {
	c := newCage(f)
	for i, form := range escapes {
		f.Add(form, []byte{})
		f.Add(form, []byte{byte(i), 1, byte(3 * i), 2, 0, byte(i), 5})
		for spelling := range byte(17) {
			f.Add(form, []byte{0, spelling, 0, spelling, 0, spelling, 0, spelling, 0, spelling})
			f.Add(form, []byte{spelling, 0, spelling, 0, spelling, 0, spelling, 0, 0, spelling})
		}
	}
	f.Fuzz(func(t *testing.T, form string, steps []byte) {
		if len(form) > 1000 {
			return
		}
		left := choices(steps)
		sql := c.fill(respell(form, &left))
		if devclickhouse.RefusedBy(sql) != 0 {
			return
		}
		parameter := "param_p=" + url.QueryEscape(c.secret)
		text := c.ask(t, http.MethodGet, "?query="+url.QueryEscape(sql)+"&"+parameter, "", "") + c.ask(t, http.MethodPost,
			"?"+parameter, sql, testToken)
		if strings.Contains(text, canary) {
			t.Errorf("%q reads the file: %.300q", sql, text)
		}
		if made, err := os.ReadDir(c.folder); err != nil || len(made) > 0 {
			t.Errorf("%q writes a file: %v %v", sql, made, err)
		}
	})
}
