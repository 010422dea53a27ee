package devclickhouse

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxTextBytes bounds a statement's text, without an INSERT's data.
const maxTextBytes = 1 << 20

// bodyTimeout bounds the time that a client may take to send its body.
const bodyTimeout = 5 * time.Minute

// front answers HTTP as a ClickHouse server does, as far as clients of one
// user need it.
type front struct {
	pool      *sessions
	hooks     Hooks  // nil in the program
	uploads   string // folder of temporary files
	bodyBytes int64
	token     string // whoever bears it may write; empty = everybody
}

func (f *front) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", answerOk)
	mux.HandleFunc("GET /replicas_status", answerOk)
	if f.hooks != nil {
		mux.Handle(FaultPath, f.hooks)
	}
	mux.HandleFunc("/", f.serve)
	return sameHost(mux)
}

func answerOk(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	_, _ = w.Write([]byte("Ok.\n"))
}

// sameHost refuses what a web page of another site sends through the user's
// browser: a name that is not the loopback's (a rebound DNS name), or a
// foreign Origin. The port has no other lock.
func sameHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopbackHost(r.Host) {
			writeError(w, refusal(497, "ACCESS_DENIED", "Host %q is not a loopback address", r.Host))
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
				writeError(w, refusal(497, "ACCESS_DENIED", "Requests of other web pages are refused"))
				return
			}
		}
		// A browser says where a request comes from; other clients say nothing.
		if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "none" && site != "same-origin" {
			writeError(w, refusal(497, "ACCESS_DENIED", "Requests of other web pages are refused"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// mayWrite reports whether a request bears the token, or none is wanted. It
// stands where a password does.
func (f *front) mayWrite(r *http.Request) bool {
	if f.token == "" {
		return true
	}
	given := r.Header.Get("X-ClickHouse-Key")
	if _, password, ok := r.BasicAuth(); ok && given == "" {
		given = password
	}
	if given == "" {
		given = r.URL.Query().Get("password")
	}
	return subtle.ConstantTimeCompare([]byte(given), []byte(f.token)) == 1
}

// loopbackHost reports whether host, with or without a port, is this computer's
// loopback by address or as localhost.
func loopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

func (f *front) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.Error(w, "There is no handle "+r.URL.Path+": statements go to /, health is /ping", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		http.Error(w, "only GET, HEAD and POST", http.StatusMethodNotAllowed)
		return
	}
	err := f.answer(w, r)
	if errors.Is(err, ErrDrop) {
		abort()
	}
	if err != nil {
		writeError(w, err)
	}
}

// answer serves one statement. An error means that nothing was written yet.
func (f *front) answer(w http.ResponseWriter, r *http.Request) error {
	q, err := readRequest(r)
	if err != nil {
		return err
	}
	if q.sql == "" && r.Method == http.MethodGet {
		answerOk(w, r)
		return nil
	}
	if err := f.reached(r.Context(), BeforeBody, q.sql); err != nil {
		return err
	}
	session, err := f.pool.take(r.Context())
	if err != nil {
		return err
	}
	defer f.pool.give(session)
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)); err != nil {
		return fmt.Errorf("bound the body's time: %w", err)
	}
	body, err := readBody(r, q.decompress, f.bodyBytes, f.uploads)
	if err != nil {
		return err
	}
	defer body.remove()
	stmt, err := readStatement(q, body)
	if err != nil {
		return err
	}
	if err := q.names(stmt); err != nil {
		return err
	}
	mayWrite := f.mayWrite(r)
	switch {
	case r.Method != http.MethodPost && !readOnly[stmt.first]:
		return refusal(164, "READONLY", "Cannot execute query in readonly mode. For queries over HTTP, method GET implies "+
			"readonly. You should use method POST for modifying queries")
	case !mayWrite && !readOnly[stmt.first]:
		return refusal(164, "READONLY",
			"Cannot execute query in readonly mode: the embedded engine takes changes from Holdfast's own commands only; "+
				"another client needs the token that stands in the file named by `holdfast engines`")
	}
	writes := r.Method == http.MethodPost && mayWrite
	if err := q.judge(writes); err != nil {
		return err
	}
	if !writes {
		q.onlyRead()
	}
	return f.apply(w, r, session, q, stmt, body)
}

// reached lets tests step in at a point of a statement.
func (f *front) reached(ctx context.Context, point FaultPoint, sql string) error {
	if f.hooks == nil {
		return nil
	}
	return f.hooks.Strike(ctx, point, sql)
}

func (f *front) apply(w http.ResponseWriter, r *http.Request, session *session, q *request, stmt *statement,
	body *body) error {
	strike := func(point FaultPoint) error { return f.reached(r.Context(), point, string(stmt.text)) }
	if err := strike(AfterBody); err != nil {
		return err
	}
	midApply := func() error { return strike(MidApply) }
	result, err := session.execute(q, stmt, body.reader(stmt.data), midApply)
	if err != nil {
		return err
	}
	defer result.free()
	if err := strike(AfterApply); err != nil {
		return err
	}
	return writeResult(w, q, stmt, result)
}

// readOnly are the first words of statements that change nothing.
var readOnly = map[string]bool{
	"SELECT": true, "WITH": true, "SHOW": true, "DESCRIBE": true, "DESC": true, "EXISTS": true, "EXPLAIN": true,
	"CHECK": true,
}

// readStatement parses the URL's SQL, or where that is empty or not an INSERT
// with data, the URL's and the body's together, as a server does.
func readStatement(q *request, b *body) (*statement, error) {
	if q.sql != "" {
		stmt, err := parseStatement([]byte(q.sql))
		if err != nil || stmt.insertFormat != "" || b.bytes == 0 {
			return stmt, err
		}
	}
	text, err := b.all()
	if err != nil {
		return nil, err
	}
	b.memory, b.bytes = nil, 0
	if q.sql != "" {
		text = append([]byte(q.sql+"\n"), text...)
	}
	stmt, err := parseStatement(text)
	if err != nil {
		return nil, err
	}
	if len(stmt.text) > maxTextBytes {
		return nil, refusal(62, "SYNTAX_ERROR", "Max query size exceeded: a statement has at most %d bytes", maxTextBytes)
	}
	if stmt.first == "" {
		return nil, refusal(62, "SYNTAX_ERROR", "Empty query")
	}
	return stmt, nil
}

// statusOf are the HTTP statuses that differ from 500, by the exception's code.
var statusOf = map[int]int{
	36: 400, 27: 400, 53: 400, 62: 400, 70: 400, 115: 400, 117: 400, 354: 400, 271: 400, 306: 400, 456: 400,
	16: 404, 46: 404, 47: 404, 60: 404, 81: 404,
	164: 403, 497: 403, 307: 413, 48: 501, 202: 503, 159: 408,
}

func writeError(w http.ResponseWriter, err error) {
	var e *exception
	if !errors.As(err, &e) {
		e = refusal(1002, "UNKNOWN_EXCEPTION", "%v", err)
	}
	status := statusOf[e.code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.Header().Set("X-ClickHouse-Exception-Code", fmt.Sprint(e.code))
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, e.text)
}
