package devclickhouse

import "context"

// Process is an engine in a child process.
type Process struct{ addr string }

// StartProcess starts this executable again as an engine and returns once it
// answers. The child ends when this process does, however that happens.
func StartProcess(ctx context.Context, o Options) (*Process, error) { return nil, errNotYet }

// MaybeRunChild runs the engine and does not return, where this process was
// started by StartProcess; otherwise it returns at once. It is to be called
// first thing in main.
func MaybeRunChild() {}

// Addr is the host:port that the child listens on; a Restart keeps it.
func (p *Process) Addr() string { return p.addr }

// DSN is what clickhouse.ParseDSN takes to reach database over HTTP;
// an empty name means default.
func (p *Process) DSN(database string) string { return dsn(p.addr, database) }

// Kill ends the child with SIGKILL and waits for its end.
func (p *Process) Kill() error { return errNotYet }

// Restart starts the child again on the same data and port, after Kill or
// after it died.
func (p *Process) Restart(ctx context.Context) error { return errNotYet }

// Done is closed when the child that runs now has ended.
func (p *Process) Done() <-chan struct{} { return nil }

// Close asks the child to end, waits, and kills it when it takes too long.
func (p *Process) Close() error { return nil }
