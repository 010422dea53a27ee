package pipeline_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/holdfast/holdfast/pipeline"
)

// dialer opens a connection to a broker.
type dialer func(ctx context.Context, network, host string) (net.Conn, error)

// wire is what a pipeline's connections go through: they can be cut for good,
// and each request is seen before it is sent.
type wire struct {
	dial    dialer
	sending func(c *wireConn, request []byte) // nil = nobody looks

	mu      sync.Mutex
	open    []net.Conn
	severed bool
}

// wired lets the pipeline of a configuration speak through a wire.
func (w *world) wired(cfg *pipeline.Config, sending func(*wireConn, []byte)) *wire {
	wire := &wire{dial: w.dial, sending: sending}
	if wire.dial == nil {
		wire.dial = (&net.Dialer{}).DialContext
	}
	cfg.Client = append(slices.Clone(cfg.Client), kgo.Dialer(wire.connect))
	return wire
}

// severable lets the pipeline of a configuration speak through connections that
// can be cut for good.
func (w *world) severable(cfg *pipeline.Config) (cut func()) { return w.wired(cfg, nil).cut }

func (w *wire) connect(ctx context.Context, network, host string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.severed {
		return nil, errors.New("the wire is cut")
	}
	conn, err := w.dial(ctx, network, host)
	if err != nil {
		return nil, err
	}
	w.open = append(w.open, conn)
	return &wireConn{Conn: conn, wire: w}, nil
}

// cut ends all connections and lets no new one be made.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.severed = true
	for _, conn := range w.open {
		_ = conn.Close() // it may be closed already
	}
}

// wireConn is one connection. The client sends a request by one Write.
type wireConn struct {
	net.Conn
	wire *wire
	// restores says that pages or batch log were asked for here: the
	// connection is that of a restore. Of the one goroutine that writes.
	restores bool
}

// Write shows what is sent.
func (c *wireConn) Write(b []byte) (int, error) {
	if c.wire.sending != nil {
		c.wire.sending(c, b)
	}
	return c.Conn.Write(b)
}

// keyOf is the kind of a request.
func keyOf(request []byte) kmsg.Key { return kmsg.Key(binary.BigEndian.Uint16(request[4:6])) }

// fetched are the ids of the topics that a Fetch asks for.
func fetched(request []byte) (ids [][16]byte) {
	const header = 4 + 2 + 2 + 4 + 2 // length, kind, version, correlation id, length of the client id
	body := request[header+max(int(int16(binary.BigEndian.Uint16(request[header-2:]))), 0):]
	var fetch kmsg.FetchRequest
	fetch.SetVersion(int16(binary.BigEndian.Uint16(request[6:8])))
	if fetch.IsFlexible() {
		body = body[1:] // no tags
	}
	if err := fetch.ReadFrom(body); err != nil {
		panic(err) // the client has written it
	}
	for i := range fetch.Topics {
		ids = append(ids, fetch.Topics[i].TopicID)
	}
	return ids
}
