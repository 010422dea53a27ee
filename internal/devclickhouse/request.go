package devclickhouse

import (
	"net/http"
	"sort"
	"strconv"
	"strings"

	"github.com/holdfast/holdfast/sinks/clickhouse/lexer"
)

// request is what a client said beside the SQL.
type request struct {
	sql        string // the URL's part of the statement
	database   string
	format     string // of the answer, where the statement names none
	queryID    string
	revision   uint64 // of blocks in the answer; 0: as the engine writes them
	compress   string // "", LZ4 or ZSTD: the answer's compression
	decompress bool   // the body is in compressed frames
	settings   []setting
	parameters []parameter
}

// notSettings are URL parameters that concern HTTP alone and that the front
// end has no use for.
var notSettings = map[string]bool{
	"user": true, "password": true, "quota_key": true, "role": true, "stacktrace": true,
	"wait_end_of_query": true, "buffer_size": true, "enable_http_compression": true,
	"send_progress_in_http_headers": true, "http_headers_progress_interval_ms": true,
	"http_write_exception_in_output_format": true, "http_response_buffer_size": true,
	"network_zstd_compression_level": true, "session_timeout": true, "session_check": true,
}

// readRequest reads the URL and the headers.
func readRequest(r *http.Request) (*request, error) {
	q := &request{database: "default", format: "TabSeparated"}
	values := r.URL.Query()
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	method := "LZ4"
	for _, header := range []struct {
		name string
		into *string
	}{{"X-ClickHouse-Database", &q.database}, {"X-ClickHouse-Format", &q.format}} {
		if v := r.Header.Get(header.name); v != "" {
			*header.into = v
		}
	}
	for _, name := range names {
		value := values.Get(name)
		if name == "network_compression_method" {
			method = strings.ToUpper(value)
			continue
		}
		if err := q.take(name, value); err != nil {
			return nil, err
		}
	}
	if q.compress != "" {
		q.compress = method
	}
	if q.compress != "" && q.compress != "LZ4" && q.compress != "ZSTD" && q.compress != "NONE" {
		return nil, refusal(36, "BAD_ARGUMENTS", "Compression %q of the answer is not one of LZ4, ZSTD", q.compress)
	}
	return q, nil
}

// names refuses parameters that stand for a name that the fence refuses.
func (q *request) names(stmt *statement) error {
	for _, p := range q.parameters {
		if !stmt.identifiers {
			break
		}
		if err := judgeName(p.value); err != nil {
			return err
		}
	}
	return nil
}

func judgeName(text string) error {
	t := lexer.Token{Kind: lexer.Quoted, Text: text}
	if !tableName(t) {
		return own("a table named " + text)
	}
	return name(t)
}

// judge refuses settings that are not for this request.
func (q *request) judge(writes bool) error {
	for _, s := range q.settings {
		if err := judgeSetting(s.name, writes); err != nil {
			return err
		}
	}
	return nil
}

// onlyRead lets the engine itself refuse what changes anything.
func (q *request) onlyRead() {
	q.settings = append(q.settings, setting{name: "readonly", value: "1"})
}

func (q *request) take(name, value string) error {
	switch {
	case name == "query":
		q.sql = value
	case name == "database":
		if value != "" {
			q.database = value
		}
	case name == "default_format":
		q.format = value
	case name == "query_id":
		q.queryID = value
	case name == "compress":
		if value == "1" {
			q.compress = "LZ4"
		}
	case name == "decompress":
		q.decompress = value == "1"
	case name == "client_protocol_version":
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			return refusal(36, "BAD_ARGUMENTS", "client_protocol_version %q is not a number", value)
		}
		q.revision = n
	case name == "session_id":
		return refusal(48, "NOT_IMPLEMENTED", "Sessions (session_id) are not supported by the embedded engine")
	case strings.HasPrefix(name, "param_"):
		q.parameters = append(q.parameters, parameter{name: strings.TrimPrefix(name, "param_"), value: value})
	case !notSettings[name]:
		q.settings = append(q.settings, setting{name: name, value: value})
	}
	return nil
}
