package devclickhouse

import (
	"io"
	"time"
)

// Limits that hold where Options leaves them zero.
const (
	defaultListen       = "127.0.0.1:0"
	defaultRequests     = 8
	defaultBodyBytes    = 1 << 30
	defaultMemoryBytes  = 4 << 30
	defaultStartTimeout = 60 * time.Second
	defaultStopTimeout  = 10 * time.Second
)

// Options says which engine to start, on which data, and where it listens.
// DataDir is the only field without a default.
type Options struct {
	// Library is the path of the engine's shared library; empty means
	// Locate's.
	Library string
	// DataDir is the folder of the engine's data. It is made if absent; one
	// process at a time may use it.
	DataDir string
	// Listen is a loopback host:port for HTTP; port 0 takes a free one. Empty
	// means 127.0.0.1:0.
	Listen string
	// MaxRequests bounds the statements that run at once (0: 8); further
	// requests wait.
	MaxRequests int
	// MaxBodyBytes bounds a request's body after decompression (0: 1 GiB).
	MaxBodyBytes int64
	// MaxMemoryBytes bounds the engine's memory (0: 4 GiB); a statement that
	// needs more spills to disk or fails with code 241.
	MaxMemoryBytes int64
	// Token, where not empty, is what a client must give as its password to
	// change anything; others may read.
	Token string
	// Hooks are for tests only; nil = none. StartProcess has those that its
	// child's main hands to MaybeRunChildWith, where Faults is set.
	Hooks  Hooks
	Faults bool

	// StopTimeout bounds the wait for statements in Close (0: 10 s); after
	// half of it they are cancelled.
	StopTimeout time.Duration

	// The rest is for StartProcess only.

	// RemoveData removes DataDir when the child ends, also because its parent
	// died, but not when the child itself is killed.
	RemoveData bool
	// StartTimeout bounds the wait for the first answer (0: 60 s).
	StartTimeout time.Duration
	// Log receives what the child writes to standard error; nil discards it.
	Log io.Writer
}

func (o Options) withDefaults() Options {
	if o.Listen == "" {
		o.Listen = defaultListen
	}
	if o.MaxRequests <= 0 {
		o.MaxRequests = defaultRequests
	}
	if o.MaxBodyBytes <= 0 {
		o.MaxBodyBytes = defaultBodyBytes
	}
	if o.MaxMemoryBytes <= 0 {
		o.MaxMemoryBytes = defaultMemoryBytes
	}
	if o.StartTimeout <= 0 {
		o.StartTimeout = defaultStartTimeout
	}
	if o.StopTimeout <= 0 {
		o.StopTimeout = defaultStopTimeout
	}
	return o
}
