package devclickhouse

import (
	"context"
	"errors"
)

var errNotYet = errors.New("engine not built in yet")

// Server is an engine in this process behind its HTTP front end.
type Server struct{ addr string }

// Open loads the engine into this process and serves HTTP on o.Listen.
// A process holds at most one Server at a time.
func Open(ctx context.Context, o Options) (*Server, error) { return nil, errNotYet }

// Addr is the host:port that the front end listens on.
func (s *Server) Addr() string { return s.addr }

// DSN is what clickhouse.ParseDSN takes to reach database over HTTP;
// an empty name means default.
func (s *Server) DSN(database string) string { return dsn(s.addr, database) }

// Close stops serving, waits for the statements that run, and closes the engine.
func (s *Server) Close() error { return nil }

func dsn(addr, database string) string {
	if database == "" {
		database = "default"
	}
	return "http://" + addr + "/" + database
}
