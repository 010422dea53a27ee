package devclickhouse

import "strings"

// outside are the functions, table functions and engines that read or write
// files, start programs or reach other hosts. The engine has no users and no
// grants, and whoever reaches its port acts as the user who runs it.
var outside = map[string]bool{
	"file": true, "filecluster": true, "url": true, "urlcluster": true, "s3": true, "s3cluster": true, "s3queue": true,
	"gcs": true, "oss": true, "cosn": true, "hdfs": true, "hdfscluster": true, "azureblobstorage": true,
	"azureblobstoragecluster": true, "azurequeue": true, "executable": true, "executablepool": true, "remote": true,
	"remotesecure": true, "mysql": true, "postgresql": true, "materializedpostgresql": true, "mongodb": true,
	"redis": true, "sqlite": true, "odbc": true, "jdbc": true, "kafka": true, "rabbitmq": true, "nats": true,
	"filelog": true, "iceberg": true, "iceberglocal": true, "icebergs3": true, "icebergazure": true, "deltalake": true,
	"deltalakelocal": true, "hudi": true, "ytsaurus": true, "python": true, "clickhouse": true, "http": true,
	"catboostevaluate": true, "arrowflight": true, "paimon": true, "paimonlocal": true, "disk": true,
}

// fence refuses what leaves the engine: outside, INTO OUTFILE, FROM INFILE,
// BACKUP, RESTORE, and what ends or stops the process or a session (SYSTEM
// SHUTDOWN, KILL ... SYNC). It looks at tokens only, so it is a fence and not a
// wall.
type fence struct {
	last, beforeLast token
	words            int
	kills            bool // the statement is a KILL
}

func (f *fence) see(t token) error {
	defer func() { f.beforeLast, f.last = f.last, t }()
	if t.kind == wordToken {
		f.words++
	}
	switch {
	case t.is("(") && outside[strings.ToLower(f.last.text)] && f.calls():
		return refusal(497, "ACCESS_DENIED", "%s(...) is switched off: the embedded engine reads and writes its own tables only", f.last.text)
	case t.is("OUTFILE") && f.last.is("INTO"), t.is("INFILE") && f.last.is("FROM"):
		return refusal(497, "ACCESS_DENIED", "%s %s is switched off: the embedded engine reads and writes its own tables only", f.last.text, t.text)
	case f.words == 1 && (t.is("BACKUP") || t.is("RESTORE")):
		return refusal(497, "ACCESS_DENIED", "%s is switched off in the embedded engine", t.text)
	case t.is("KILL") && f.words == 1:
		f.kills = true
	case t.is("SYNC") && f.kills:
		return refusal(48, "NOT_IMPLEMENTED", "KILL ... SYNC never returns in the embedded engine: use ASYNC")
	case f.words == 2 && f.last.is("SYSTEM") && (t.is("SHUTDOWN") || t.is("KILL") || t.is("SUSPEND")):
		return refusal(497, "ACCESS_DENIED", "SYSTEM %s is switched off in the embedded engine", t.text)
	}
	return nil
}

// calls says whether the name before a parenthesis is a call: not a table that
// is named with its columns.
func (f *fence) calls() bool {
	if f.last.kind != wordToken && f.last.kind != quotedToken {
		return false
	}
	before := f.beforeLast
	return !before.is("INTO") && !before.is("TABLE") && !before.is("EXISTS") && !before.is(".") && !before.is("VIEW")
}
