package devkafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/holdfast/holdfast/internal/child"
)

const (
	// clusterID is what clients see as the cluster's identity.
	clusterID = "holdfast-embedded"
	// minimumSession lets tests notice a dead group member quickly.
	minimumSession = 100 * time.Millisecond
	// lockName is the file in the data directory that keeps a second engine out.
	lockName = "holdfast.lock"
)

// ErrDataDirInUse says that another running engine has the data directory.
var ErrDataDirInUse = errors.New("data directory is in use by another embedded Kafka")

// Options says how to run the engine. The zero value is one broker on a free
// loopback port, in memory.
type Options struct {
	// Listen is host:port of the first broker; further brokers take free ports
	// of the same host. No host means 127.0.0.1, port 0 or no Listen at all a
	// free port. Addresses that stand for all interfaces are refused: clients
	// are sent to the address that is listened on.
	Listen string `json:"listen,omitempty"`
	// ExactPort makes a taken port an error (ErrPortTaken) instead of moving
	// to a free one.
	ExactPort bool `json:"exact_port,omitempty"`
	// DataDir keeps topics, groups and transactions over a graceful stop. It
	// is made if it is not there. Empty means in memory.
	DataDir string `json:"data_dir,omitempty"`
	// Brokers is the number of brokers, 1 where it is 0. Restart a DataDir
	// with at least as many as before.
	Brokers int `json:"brokers,omitempty"`
}

// Cluster is a running engine. Its methods are safe for concurrent use.
type Cluster struct {
	fake    *kfake.Cluster
	cleaner *cleaner
	taken   string
	log     *persistLog
	lock    *os.File

	closing sync.Once
	closed  error
}

// Start runs an engine in this process until Close.
func Start(options Options) (*Cluster, error) {
	if options.Brokers <= 0 {
		options.Brokers = 1
	}
	lock, err := lockDataDir(options.DataDir)
	if err != nil {
		return nil, fmt.Errorf("start embedded Kafka: %w", err)
	}
	listeners, taken, err := listen(options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start embedded Kafka: %w", err), unlock(lock))
	}
	log := &persistLog{}
	fake, err := kfake.NewCluster(engineOptions(options, listeners, log)...)
	if err != nil {
		listeners.close()
		return nil, errors.Join(fmt.Errorf("start embedded Kafka: %w", err), unlock(lock))
	}
	stampAsTopicsSay(fake)
	cleaner, err := newCleaner(fake)
	if err != nil {
		fake.Close()
		return nil, errors.Join(fmt.Errorf("start embedded Kafka: %w", err), unlock(lock))
	}
	return &Cluster{fake: fake, cleaner: cleaner, taken: taken, log: log, lock: lock}, nil
}

func engineOptions(options Options, listeners *listeners, log *persistLog) []kfake.Opt {
	engine := []kfake.Opt{
		kfake.ClusterID(clusterID),
		kfake.NumBrokers(options.Brokers),
		kfake.ListenFn(listeners.next),
		kfake.GroupMinSessionTimeout(minimumSession),
		kfake.WithLogger(log),
		kfake.BrokerConfigs(map[string]string{
			"log.cleaner.backoff.ms": fmt.Sprint(engineCleanEvery.Milliseconds()),
		}),
	}
	if options.DataDir != "" {
		engine = append(engine, kfake.DataDir(options.DataDir))
	}
	return engine
}

// Addrs returns the brokers' addresses as host:port, the first broker first.
func (c *Cluster) Addrs() []string { return c.fake.ListenAddrs() }

// PortTaken returns the wanted address where its port was in use and the
// engine moved to a free one; Addrs has the one in use.
func (c *Cluster) PortTaken() (wanted string, taken bool) { return c.taken, c.taken != "" }

// Engine returns the engine itself, for tests that inject faults or move
// leaders. It must not be closed through this. Its Compact loses committed
// values that an open transaction overwrites; Clean does not.
func (c *Cluster) Engine() *kfake.Cluster { return c.fake }

// Clean compacts and applies retention now, as the engine does by itself once
// a minute. It waits up to two seconds for a moment in which no transaction is
// open in a compacted topic, and reports whether there was one.
func (c *Cluster) Clean(ctx context.Context) (cleaned bool, err error) {
	return c.cleaner.clean(ctx)
}

// Close stops the engine and, where there is a DataDir, writes what it holds.
// The error says what could not be written. Further calls return the same.
func (c *Cluster) Close() error {
	c.closing.Do(func() {
		c.cleaner.stop()
		c.fake.Close()
		c.closed = errors.Join(c.log.failure(), unlock(c.lock))
	})
	return c.closed
}

// lockDataDir keeps a second engine out of the directory: two of them would
// write over each other.
func lockDataDir(dir string) (*os.File, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	lock, err := child.Lock(filepath.Join(dir, lockName))
	if errors.Is(err, child.ErrLocked) {
		return nil, fmt.Errorf("lock %s: %w", dir, ErrDataDirInUse)
	}
	return lock, err
}

// unlock releases the directory; the file stays, its lock goes with it.
func unlock(file *os.File) error {
	if file == nil {
		return nil
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("release the data directory: %w", err)
	}
	return nil
}
