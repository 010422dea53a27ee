package devclickhouse

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
)

// maxWaiting bounds the requests that wait for a session.
const maxWaiting = 256

// sessions hands out the engine's connections, each to one request at a time.
type sessions struct {
	lib     *library
	args    []string
	free    chan *session
	waiting atomic.Int64

	mutex  sync.Mutex
	opened []*session
}

// session is a connection and what is set on it.
type session struct {
	pool     *sessions
	conn     *connection // nil until used, and after it was given up
	database string
}

// newSessions starts the engine with a first connection; the rest open when
// they are needed.
func newSessions(lib *library, args []string, count int) (*sessions, error) {
	p := &sessions{lib: lib, args: args, free: make(chan *session, count)}
	for range count {
		s := &session{pool: p}
		p.opened = append(p.opened, s)
		p.free <- s
	}
	if err := p.opened[0].connect(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *sessions) take(ctx context.Context) (*session, error) {
	if p.waiting.Add(1) > maxWaiting {
		p.waiting.Add(-1)
		return nil, refusal(202, "TOO_MANY_SIMULTANEOUS_QUERIES",
			"Too many simultaneous queries: %d wait already", maxWaiting)
	}
	defer p.waiting.Add(-1)
	select {
	case s := <-p.free:
		return s, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a session: %w", ctx.Err())
	}
}

func (p *sessions) give(s *session) { p.free <- s }

// close closes every connection, and the engine with the last one. No session
// may be in use.
func (p *sessions) close() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, s := range p.opened {
		s.drop()
	}
	p.opened = nil
}

// cancelAll cancels every statement that runs, on a connection of its own. It
// does not wait: the engine counts a statement as running until its connection
// takes another one, so that KILL QUERY ... SYNC would wait for ever.
func (p *sessions) cancelAll() error {
	s := &session{pool: p}
	defer s.drop()
	if err := s.connect(); err != nil {
		return err
	}
	return s.exec("KILL QUERY WHERE query NOT LIKE 'KILL QUERY%' ASYNC")
}

func (s *session) connect() error {
	if s.conn != nil {
		return nil
	}
	conn, err := s.pool.lib.dial(s.pool.args)
	if err != nil {
		return err
	}
	s.conn, s.database = conn, "default"
	return nil
}

// drop closes the connection, and with it all that was set on it.
func (s *session) drop() {
	if s.conn != nil {
		s.conn.close()
		s.conn = nil
	}
}

// setting is one name=value of a request, for its statement only.
type setting struct{ name, value string }

var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// run executes call with database and settings in force, and puts the session
// back as it was. A session that cannot be put back is given up.
func (s *session) run(database string, settings []setting, call func(*connection) error) error {
	if err := s.connect(); err != nil {
		return err
	}
	if err := s.use(database); err != nil {
		return err
	}
	if len(settings) == 0 {
		return call(s.conn)
	}
	set, unset, err := settingStatements(settings)
	if err != nil {
		return err
	}
	if err := s.exec(set); err != nil {
		s.drop()
		return err
	}
	err = call(s.conn)
	if s.exec(unset) != nil {
		s.drop()
	}
	return err
}

func (s *session) use(database string) error {
	if s.database == database {
		return nil
	}
	if err := s.exec("USE `" + sqlQuoted.Replace(database) + "`"); err != nil {
		return err
	}
	s.database = database
	return nil
}

func (s *session) exec(sql string) error {
	r, err := s.conn.query([]byte(sql), "Null", nil)
	if err != nil {
		return err
	}
	r.free()
	return nil
}

var sqlQuoted = strings.NewReplacer(`\`, `\\`, "`", "\\`", `'`, `\'`)

// settingStatements are the SET that puts settings in force and the one that
// takes them back.
func settingStatements(settings []setting) (set, unset string, err error) {
	var on, off []string
	for _, s := range settings {
		if !settingName.MatchString(s.name) {
			return "", "", refusal(115, "UNKNOWN_SETTING", "Unknown setting %q", s.name)
		}
		on = append(on, s.name+" = '"+sqlQuoted.Replace(s.value)+"'")
		off = append(off, s.name+" = DEFAULT")
	}
	return "SET " + strings.Join(on, ", "), "SET " + strings.Join(off, ", "), nil
}

// execute runs a parsed statement with body as the rest of an INSERT's data.
// midApply is called when an INSERT's data is handed over and not confirmed;
// its error cancels the insert.
func (s *session) execute(q *request, stmt *statement, body io.Reader, midApply func() error) (r *result, err error) {
	err = s.run(q.database, q.settings, func(c *connection) error {
		if stmt.insertFormat != "" {
			r, err = c.insert(stmt.text, stmt.insertFormat, q.parameters, body, midApply)
		} else {
			r, err = c.query(stmt.text, q.format, q.parameters)
		}
		return err
	})
	if stmt.session {
		s.drop()
	}
	return r, err
}
