package devclickhouse

import (
	"strings"

	"github.com/holdfast/holdfast/sinks/clickhouse/lexer"
)

// The engine has no users and no grants, and whoever reaches its port acts as
// the user who runs it. So what a statement may name is listed: kinds of
// statements, table functions, engines. Names are judged as the engine reads
// them, with their escapes resolved.

// statements are the first words that are let through; where only some words
// may follow, these.
var statements = map[string]map[string]bool{
	"SELECT": nil, "WITH": nil, "SHOW": nil, "DESCRIBE": nil, "DESC": nil, "EXISTS": nil, "EXPLAIN": nil, "CHECK": nil,
	"INSERT": nil, "DROP": nil, "TRUNCATE": nil, "RENAME": nil, "EXCHANGE": nil, "OPTIMIZE": nil,
	"DELETE": nil, "UPDATE": nil, "SET": nil, "USE": nil, "KILL": nil, "UNDROP": nil, "(": nil, "FROM": nil,
	"ALTER":   set("TABLE", "DATABASE"),
	"CREATE":  set("TABLE", "VIEW", "MATERIALIZED", "DATABASE"),
	"REPLACE": set("TABLE", "VIEW"),
	"SYSTEM":  set("FLUSH", "STOP", "START", "SYNC", "DROP", "REFRESH", "WAIT", "CANCEL"),
}

// between are the words that may stand before the one that is judged.
var between = set("OR", "REPLACE", "TEMPORARY")

// others are statements of ClickHouse that are not let through; what is neither
// is for the engine's parser to complain of.
var others = set("ATTACH", "DETACH", "BACKUP", "RESTORE", "GRANT", "REVOKE", "MOVE", "COPY", "IMPORT",
	"EXPORT", "EXECUTE",
	"PARALLEL", "BEGIN", "COMMIT", "ROLLBACK", "WATCH")

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

// fence judges a statement token by token. What it refuses it refuses wherever
// it stands, as far as it can: what the engine's parser makes of a place is not
// for the fence to know.
type fence struct {
	last, beforeLast lexer.Token
	words            int
	first            string
	follows          map[string]bool // what may follow the first word; nil = anything, or it has
	kills            bool            // the statement is a KILL
	creates          bool            // it makes something, so that ENGINE names an engine
	identifiers      bool            // a parameter of the request may name something in it
	places           places
	settings         settingsClause
}

func (f *fence) see(t lexer.Token) error {
	defer func() { f.beforeLast, f.last = f.last, t }()
	if t.Kind == lexer.Bad {
		return refusal(62, "SYNTAX_ERROR", "Syntax error: the embedded engine does not take %s", t.Text)
	}
	if t.Kind == lexer.Word || f.words == 0 {
		f.words++
		if err := f.word(t); err != nil {
			return err
		}
	}
	if err := name(t); err != nil {
		return err
	}
	if err := f.settings.see(t, f.last, f.beforeLast, f.first); err != nil {
		return err
	}
	if f.places.see(t, f.last, f.beforeLast) {
		return own("a table named " + t.Text)
	}
	return f.inPlace(t)
}

// inPlace judges what depends on the tokens before.
func (f *fence) inPlace(t lexer.Token) error {
	switch {
	case t.Is("(") && f.last.Names():
		return f.call()
	case f.atTable() && !tableName(t):
		return own("a table named " + t.Text)
	case f.creates && f.engineNamed(t):
		return f.engine(t)
	case t.Names() && strings.EqualFold(t.Text, "Identifier"):
		f.identifiers = true
	case t.Is("WITH") && f.last.Is("PARALLEL"):
		return own("PARALLEL WITH, behind which a second statement stands,")
	case t.Is("LISTEN") && f.first == "SYSTEM", t.Is("FETCH") && f.first == "ALTER":
		return own(f.first + " ... " + t.Text)
	case t.Is("SYNC") && f.kills:
		return refusal(48, "NOT_IMPLEMENTED", "KILL ... SYNC never returns in the embedded engine: use ASYNC")
	}
	return nil
}

// name judges an identifier by itself, wherever it stands.
func name(t lexer.Token) error {
	lower := strings.ToLower(t.Text)
	switch {
	case !t.Names():
	case outsideTables[lower] || outsideFunctions[lower]:
		return refusal(497, "ACCESS_DENIED",
			"the name %s is switched off wherever it stands, since a function is called so that leads "+
				"out of the embedded engine: give your own column or table another one", t.Text)
	case t.Is("OUTFILE") || t.Is("INFILE"):
		return own(t.Text)
	case t.Kind == lexer.Quoted && !quotedName(t.Text):
		return refusal(497, "ACCESS_DENIED",
			"the quoted name %s is switched off: with a slash or a backslash it may be a path", t.Text)
	}
	return nil
}

// quotedName reports whether a name may stand in quotes anywhere. Tables of the
// database default are also files, by their paths; without a slash they would
// lie in the folder that the engine's process stands in, which is empty.
func quotedName(text string) bool { return !strings.ContainsAny(text, "/\\\x00") }

// own refuses what does not stay within the engine.
func own(what string) error {
	return refusal(497, "ACCESS_DENIED", "%s is switched off: the embedded engine reads and writes its own tables only",
		what)
}

// word judges the words that say what kind of statement it is.
func (f *fence) word(t lexer.Token) error {
	word := strings.ToUpper(t.Text)
	if f.words == 1 {
		f.first, f.follows = word, statements[word]
		f.kills, f.creates = word == "KILL", word == "CREATE" || word == "REPLACE"
		_, known := statements[word]
		switch {
		case others[word]:
			return own(word)
		case !known || t.Kind != lexer.Word && !t.Is("("):
			return refusal(62, "SYNTAX_ERROR", "Syntax error: %q begins no statement that the embedded engine takes", t.Text)
		}
		return nil
	}
	if f.follows == nil || f.creates && between[word] {
		return nil
	}
	if !f.follows[word] {
		return own(f.first + " " + word)
	}
	f.follows = nil
	return nil
}

// call judges the name before a parenthesis: a call, or a table that is named
// with its columns.
func (f *fence) call() error {
	name, before := strings.ToLower(f.last.Text), f.beforeLast
	qualified := f.words <= 4 && f.first == "INSERT" && before.Is(".")
	columns := qualified || f.words <= 5 && (before.Is("INTO") && f.first == "INSERT" || before.Is("TABLE") &&
		(f.creates || f.first == "INSERT"))
	switch {
	case before.Is("FUNCTION"), before.Is("FROM"), before.Is("JOIN"), before.Is("AS") && f.creates:
		if !(f.last.Kind == lexer.Word && keyword(name)) && !tableFunctions[name] {
			return own(f.last.Text + "(...)")
		}
	case !columns && (structured[name] || outsideEngines[name]):
		return own(f.last.Text + "(...)")
	}
	return nil
}

// keyword reports whether a word behind FROM or JOIN begins no call: FROM
// trim(x) is not written, FROM SELECT (…) neither, but a join may say LATERAL.
func keyword(name string) bool { return name == "lateral" || name == "select" }

// atTable reports whether a table's name stands next.
func (f *fence) atTable() bool {
	l := f.last
	return l.Is("FROM") || l.Is("JOIN") || l.Is("INTO") || l.Is("TABLE") || l.Is("DESCRIBE") || l.Is("DESC") ||
		l.Is("ATTACH")
}

// tableName reports whether a token may stand where a table is named: a path is
// none, nor is a text.
func tableName(t lexer.Token) bool {
	switch t.Kind {
	case lexer.String:
		return false
	case lexer.Quoted:
		return !strings.ContainsAny(t.Text, "/\\:*?{}|\x00") && !strings.Contains(t.Text, ".") && t.Text != ""
	default:
		return true
	}
}

// engineNamed reports whether a token names an engine.
func (f *fence) engineNamed(t lexer.Token) bool {
	return t.Names() && (f.last.Is("=") && f.beforeLast.Is("ENGINE") || f.last.Is("ENGINE"))
}

// engine judges the name of an engine. Behind ENGINE without a sign it may be
// a column of that name in a query, so only what reaches outside is refused.
func (f *fence) engine(t lexer.Token) error {
	name := strings.ToLower(t.Text)
	if f.last.Is("=") && !engines[name] || outsideEngines[name] {
		return own("the engine " + t.Text)
	}
	return nil
}
