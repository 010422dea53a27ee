package devclickhouse

import "strings"

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
var others = set("ATTACH", "DETACH", "BACKUP", "RESTORE", "GRANT", "REVOKE", "MOVE", "COPY", "IMPORT", "EXPORT", "EXECUTE",
	"PARALLEL", "BEGIN", "COMMIT", "ROLLBACK", "WATCH")

// tableFunctions read nothing but the engine's own tables and memory.
var tableFunctions = set("numbers", "numbers_mt", "zeros", "zeros_mt", "generateseries", "generate_series", "generaterandom",
	"values", "view", "viewifpermitted", "viewexplain", "merge", "null", "input", "format", "loop", "primes",
	"mergetreeindex", "mergetreeprojection", "mergetreeparts", "fuzzquery", "fuzzjson")

// engines are those of tables and databases that live in the engine itself.
var engines = set("mergetree", "replacingmergetree", "summingmergetree", "aggregatingmergetree", "collapsingmergetree",
	"versionedcollapsingmergetree", "coalescingmergetree", "graphitemergetree", "memory", "null", "set", "join", "log",
	"tinylog", "stripelog", "buffer", "merge", "generaterandom", "atomic", "ordinary", "view", "materializedview", "lazy")

// outside are functions and engines that read or write files, start programs or
// reach other hosts. They are refused wherever they are called: there are more
// places for a call than are known here.
var outside = set("file", "filecluster", "url", "urlcluster", "s3", "s3cluster", "s3queue", "gcs", "oss", "cosn", "hdfs",
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
	last, beforeLast token
	words            int
	first            string
	follows          map[string]bool // what may follow the first word; nil = anything, or it has
	kills            bool            // the statement is a KILL
	creates          bool            // it makes something, so that ENGINE names an engine
	identifiers      bool            // a parameter of the request names something in it
}

func (f *fence) see(t token) error {
	defer func() { f.beforeLast, f.last = f.last, t }()
	if t.kind == wordToken || f.words == 0 {
		f.words++
		if err := f.word(t); err != nil {
			return err
		}
	}
	switch {
	case t.kind == wordToken && !ascii(t.text):
		return refusal(62, "SYNTAX_ERROR", "a name with other than ASCII letters must stand in quotes")
	case t.is("(") && f.named():
		return f.call()
	case t.is("OUTFILE") && f.last.is("INTO"), t.is("INFILE") && f.last.is("FROM"):
		return own(f.last.text + " " + t.text)
	case f.atTable() && !tableName(t):
		return own("a table named " + t.text)
	case f.creates && f.engineNamed(t):
		return f.engine(t)
	case t.is("Identifier") && f.last.is(":"):
		f.identifiers = true
	case t.is("SYNC") && f.kills:
		return refusal(48, "NOT_IMPLEMENTED", "KILL ... SYNC never returns in the embedded engine: use ASYNC")
	}
	return nil
}

// own refuses what does not stay within the engine.
func own(what string) error {
	return refusal(497, "ACCESS_DENIED", "%s is switched off: the embedded engine reads and writes its own tables only", what)
}

// word judges the words that say what kind of statement it is.
func (f *fence) word(t token) error {
	word := strings.ToUpper(t.text)
	if f.words == 1 {
		f.first, f.follows = word, statements[word]
		f.kills, f.creates = word == "KILL", word == "CREATE" || word == "REPLACE"
		_, known := statements[word]
		switch {
		case others[word]:
			return own(word)
		case !known || t.kind != wordToken && !t.is("("):
			return refusal(62, "SYNTAX_ERROR", "Syntax error: %q begins no statement that the embedded engine takes", t.text)
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
func (f *fence) named() bool { return f.last.kind == wordToken || f.last.kind == quotedToken }

// call judges the name before a parenthesis: a call, or a table that is named
// with its columns.
func (f *fence) call() error {
	name, before := strings.ToLower(f.last.text), f.beforeLast
	columns := before.is("INTO") || before.is("TABLE") || before.is("EXISTS") || before.is(".") || before.is("VIEW")
	switch {
	case before.is("FUNCTION"), before.is("FROM"), before.is("JOIN"), before.is("AS") && f.creates:
		if f.last.kind == quotedToken || !keyword(name) {
			if !tableFunctions[name] {
				return own(f.last.text + "(...)")
			}
		}
	case columns && !(before.is("TABLE") && (f.first == "DESCRIBE" || f.first == "DESC")):
	case outside[name]:
		return own(f.last.text + "(...)")
	}
	return nil
}

// keyword reports whether a word behind FROM or JOIN begins no call: FROM
// trim(x) is not written, FROM SELECT (…) neither, but a join may say LATERAL.
func keyword(name string) bool { return name == "lateral" || name == "select" }

// atTable reports whether a table's name stands next.
func (f *fence) atTable() bool {
	l := f.last
	return l.is("FROM") || l.is("JOIN") || l.is("INTO") || l.is("TABLE") || l.is("DESCRIBE") || l.is("DESC") || l.is("ATTACH")
}

// tableName reports whether a token may stand where a table is named: a path is
// none, nor is a text.
func tableName(t token) bool {
	switch t.kind {
	case stringToken:
		return false
	case quotedToken:
		return !strings.ContainsAny(t.text, "/\\:*?{}|\x00") && !strings.Contains(t.text, ".") && t.text != ""
	}
	return true
}

// engineNamed reports whether a token names an engine.
func (f *fence) engineNamed(t token) bool {
	if t.kind != wordToken && t.kind != quotedToken {
		return false
	}
	return f.last.is("=") && f.beforeLast.is("ENGINE") || f.last.is("ENGINE")
}

// engine judges the name of an engine. Behind ENGINE without a sign it may be
// a column of that name in a query, so only what reaches outside is refused.
func (f *fence) engine(t token) error {
	name := strings.ToLower(t.text)
	if f.last.is("=") && !engines[name] || outside[name] {
		return own("the engine " + t.text)
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
