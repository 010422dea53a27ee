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
	"INSERT": nil, "ALTER": nil, "DROP": nil, "TRUNCATE": nil, "RENAME": nil, "EXCHANGE": nil, "OPTIMIZE": nil,
	"DELETE": nil, "UPDATE": nil, "SET": nil, "USE": nil, "KILL": nil, "UNDROP": nil, "(": nil, "VALUES": nil, "FROM": nil,
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

// tableFunctions read nothing but the engine's own tables and memory.
var tableFunctions = set("numbers", "numbers_mt", "zeros", "zeros_mt", "generateseries", "generate_series",
	"generaterandom",
	"values", "view", "viewifpermitted", "viewexplain", "merge", "null", "input", "format", "loop", "primes",
	"mergetreeindex", "mergetreeprojection", "mergetreeparts", "fuzzquery", "fuzzjson")

// engines are those of tables and databases that live in the engine itself.
var engines = set("mergetree", "replacingmergetree", "summingmergetree", "aggregatingmergetree", "collapsingmergetree",
	"versionedcollapsingmergetree", "coalescingmergetree", "graphitemergetree", "memory", "null", "set", "join", "log",
	"tinylog", "stripelog", "buffer", "merge", "generaterandom", "atomic", "ordinary", "view", "materializedview", "lazy")

// outside are functions and engines that read or write files, start programs or
// reach other hosts. They are refused wherever they are called: there are more
// places for a call than are known here.
var outside = set("file", "filecluster", "url", "urlcluster", "s3", "s3cluster", "s3queue", "gcs", "oss",
	"cosn", "hdfs",
	"hdfscluster", "azureblobstorage", "azureblobstoragecluster", "azurequeue", "executable", "executablepool", "remote",
	"remotesecure", "cluster", "clusterallreplicas", "mysql", "postgresql", "materializedpostgresql", "mongodb", "redis",
	"sqlite", "odbc", "jdbc", "kafka", "rabbitmq", "nats", "filelog", "iceberg", "icebergcluster", "iceberglocal",
	"icebergs3", "icebergs3cluster", "icebergazure", "icebergazurecluster", "iceberghdfs", "deltalake", "deltalakecluster",
	"deltalakelocal", "deltalakes3", "deltalakeazure", "hudi", "hudicluster", "ytsaurus", "python", "clickhouse", "http",
	"catboostevaluate", "arrowflight", "paimon", "paimonlocal", "paimons3", "disk", "filesystem", "backup", "dictionary",
	"datalakecatalog", "addresstoline", "addresstolinewithinlines", "addresstosymbol", "xdbc", "distributed", "hive",
	"embeddedrocksdb", "keepermap", "prometheusquery", "prometheusqueryrange", "timeseriesdata", "ai", "llm")

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

// fence judges a statement token by token.
type fence struct {
	last, beforeLast lexer.Token
	words            int
	first            string
	follows          map[string]bool // what may follow the first word; nil = anything, or it has
	kills            bool            // the statement is a KILL
	creates          bool            // it makes something, so that ENGINE names an engine
	identifiers      bool            // a parameter of the request names something in it
}

func (f *fence) see(t lexer.Token) error {
	defer func() { f.beforeLast, f.last = f.last, t }()
	if t.Kind == lexer.Word || f.words == 0 {
		f.words++
		if err := f.word(t); err != nil {
			return err
		}
	}
	switch {
	case t.Kind == lexer.Word && !ascii(t.Text):
		return refusal(62, "SYNTAX_ERROR", "a name with other than ASCII letters must stand in quotes")
	case t.Is("(") && f.named():
		return f.call()
	case t.Is("OUTFILE") && f.last.Is("INTO"), t.Is("INFILE") && f.last.Is("FROM"):
		return own(f.last.Text + " " + t.Text)
	case f.atTable() && !tableName(t):
		return own("a table named " + t.Text)
	case f.creates && f.engineNamed(t):
		return f.engine(t)
	case t.Is("Identifier") && f.last.Is(":"):
		f.identifiers = true
	case t.Is("SYNC") && f.kills:
		return refusal(48, "NOT_IMPLEMENTED", "KILL ... SYNC never returns in the embedded engine: use ASYNC")
	}
	return nil
}

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

// named reports whether a name stands before a parenthesis.
func (f *fence) named() bool { return f.last.Kind == lexer.Word || f.last.Kind == lexer.Quoted }

// call judges the name before a parenthesis: a call, or a table that is named
// with its columns.
func (f *fence) call() error {
	name, before := strings.ToLower(f.last.Text), f.beforeLast
	columns := before.Is("INTO") || before.Is("TABLE") || before.Is("EXISTS") || before.Is(".") || before.Is("VIEW")
	switch {
	case before.Is("FUNCTION"), before.Is("FROM"), before.Is("JOIN"), before.Is("AS") && f.creates:
		if f.last.Kind == lexer.Quoted || !keyword(name) {
			if !tableFunctions[name] {
				return own(f.last.Text + "(...)")
			}
		}
	case columns && !(before.Is("TABLE") && (f.first == "DESCRIBE" || f.first == "DESC")):
	case outside[name]:
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
	if t.Kind != lexer.Word && t.Kind != lexer.Quoted {
		return false
	}
	return f.last.Is("=") && f.beforeLast.Is("ENGINE") || f.last.Is("ENGINE")
}

// engine judges the name of an engine. Behind ENGINE without a sign it may be
// a column of that name in a query, so only what reaches outside is refused.
func (f *fence) engine(t lexer.Token) error {
	name := strings.ToLower(t.Text)
	if f.last.Is("=") && !engines[name] || outside[name] {
		return own("the engine " + t.Text)
	}
	return nil
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}
