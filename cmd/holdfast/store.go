package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/holdfast/holdfast/sinks/clickhouse"
	"github.com/holdfast/holdfast/sinks/outbox"
)

// store is the loader's ClickHouse. Address, user and password are read again
// before each check, which comes before every new attempt: neither a rotated
// password nor the new token of an embedded engine that was started again takes
// a restart of ours.
type store struct {
	*clickhouse.Sink // what needs no connection
	read             func() (*driver.Options, error)

	mu     sync.Mutex
	sink   *clickhouse.Sink
	opened *driver.Options // what sink goes by
	conns  []driver.Conn   // the last is sink's; inserts may be on their way on others
}

var _ outbox.Sink = (*store)(nil)

// newStore makes a client and talks to nobody yet. The caller closes it.
func newStore(read func() (*driver.Options, error)) (*store, error) {
	options, err := read()
	if err != nil {
		return nil, err
	}
	s := &store{read: read}
	if err := s.open(options); err != nil {
		return nil, err
	}
	s.Sink = s.sink
	return s, nil
}

func (s *store) open(options *driver.Options) error {
	opened := *options
	conn, err := driver.Open(options)
	if err != nil {
		return fmt.Errorf("make a ClickHouse client: %w", err)
	}
	s.conns = append(s.conns, conn)
	s.sink, s.opened = clickhouse.NewSink(conn), &opened
	return nil
}

// renew takes up what has changed. What cannot be read at the moment, as a file
// that is being replaced, leaves everything as it is.
func (s *store) renew() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	options, err := s.read()
	if err != nil || options.Auth == s.opened.Auth && slices.Equal(options.Addr, s.opened.Addr) {
		return nil
	}
	return s.open(options)
}

func (s *store) current() *clickhouse.Sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sink
}

// Check is that of outbox.Sink.
func (s *store) Check(ctx context.Context) error {
	if err := s.renew(); err != nil {
		return err
	}
	return s.current().Check(ctx)
}

// Insert is that of outbox.Sink.
func (s *store) Insert(ctx context.Context, b outbox.Batch) error { return s.current().Insert(ctx, b) }

// close closes all clients.
func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var failures []error
	for _, conn := range s.conns {
		failures = append(failures, conn.Close())
	}
	return errors.Join(failures...)
}
