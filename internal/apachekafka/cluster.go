package apachekafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	host = "127.0.0.1"
	// readyWait bounds the start of all brokers, on a loaded machine.
	readyWait = 90 * time.Second
	// portAttempts is how often other ports are tried when somebody takes one
	// between our choice and the broker's start.
	portAttempts = 3
)

// errPortTaken ends one attempt to start.
var errPortTaken = errors.New("a chosen port was taken")

// Options says what to run.
type Options struct {
	// Nodes is 1 (the default) or 3; each is broker and controller.
	Nodes int
	// Dir holds data, configuration and logs; it must be empty or from an
	// earlier run with the same number of nodes.
	Dir string
	// Properties are added to, or replace, the brokers' configuration.
	Properties map[string]string
}

// Cluster is a set of brokers. It is not safe for concurrent use.
type Cluster struct {
	nodes     []*node
	overrides map[string]string
}

// Start fetches the jars where needed, formats, starts all brokers and returns
// once each knows all others. Errors wrap ErrUnavailable where Apache Kafka
// cannot be had. The caller must Close the cluster.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	jars, err := Jars(ctx)
	if err != nil {
		return nil, err
	}
	var cluster *Cluster
	for range portAttempts {
		cluster, err = attempt(ctx, options, jars)
		if !errors.Is(err, errPortTaken) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("start Apache Kafka %s: %w", Version, err)
	}
	return cluster, nil
}

func attempt(ctx context.Context, options Options, jars string) (*Cluster, error) {
	ports, err := freePorts(2 * max(1, options.Nodes))
	if err != nil {
		return nil, err
	}
	cluster := &Cluster{overrides: options.Properties}
	for i := range max(1, options.Nodes) {
		cluster.nodes = append(cluster.nodes, &node{
			dir: filepath.Join(options.Dir, fmt.Sprintf("node-%d", i+1)), jars: jars,
			port: ports[2*i], controllerPort: ports[2*i+1],
		})
	}
	if err := cluster.startAll(ctx); err != nil {
		return nil, errors.Join(err, cluster.Close())
	}
	return cluster, nil
}

func (c *Cluster) startAll(ctx context.Context) error {
	for i, n := range c.nodes {
		if err := n.prepare(ctx, c.properties(i+1)); err != nil {
			return fmt.Errorf("prepare node %d: %w", i+1, err)
		}
		if err := n.start(); err != nil {
			return fmt.Errorf("start node %d: %w", i+1, err)
		}
	}
	return c.AwaitReady(ctx)
}

// freePorts asks the kernel for ports and gives them back.
func freePorts(count int) ([]int, error) {
	ports := make([]int, count)
	for i := range ports {
		listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		// All stay open until all are chosen, so that they differ.
		defer listener.Close()
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// Addrs returns the brokers' addresses, running or not.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		addrs[i] = fmt.Sprintf("%s:%d", host, n.port)
	}
	return addrs
}

// Stop ends a node (counted from 1) cleanly, within ctx; a clean stop takes two
// to five seconds.
func (c *Cluster) Stop(ctx context.Context, node int) error {
	return c.nodes[node-1].end(ctx, syscall.SIGTERM)
}

// Kill ends a node (counted from 1) with SIGKILL.
func (c *Cluster) Kill(node int) error {
	return c.nodes[node-1].end(context.Background(), syscall.SIGKILL)
}

// Restart starts a node (counted from 1) that was stopped or killed, on its
// old port and data. It does not wait; AwaitReady does.
func (c *Cluster) Restart(node int) error { return c.nodes[node-1].start() }

// AwaitReady returns once every broker names all brokers in its metadata, or
// with what a broker that ended said last.
func (c *Cluster) AwaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyWait, errors.New("the brokers took too long"))
	defer cancel()
	for i, n := range c.nodes {
		ended := false
		_, err := backoff.Retry(ctx, func() (struct{}, error) {
			switch {
			case knowsAll(ctx, c.Addrs()[i], len(c.nodes)):
				return struct{}{}, nil
			case !n.running():
				ended = true
				return struct{}{}, backoff.Permanent(n.endedEarly(i + 1))
			}
			return struct{}{}, errors.New("a broker is missing")
		}, backoff.WithBackOff(backoff.NewConstantBackOff(100*time.Millisecond)), backoff.WithMaxElapsedTime(0))
		if err != nil && !ended {
			err = fmt.Errorf("wait for node %d: %w: %s", i+1, err, n.said())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *node) endedEarly(number int) error {
	said := n.said()
	if strings.Contains(said, "Address already in use") {
		return fmt.Errorf("node %d: %w", number, errPortTaken)
	}
	return fmt.Errorf("node %d ended: %s", number, said)
}

// knowsAll asks one broker whether it names count brokers.
func knowsAll(ctx context.Context, addr string, count int) bool {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RequestRetries(0), kgo.DialTimeout(time.Second))
	if err != nil {
		panic(fmt.Sprintf("apachekafka: fixed client options are refused: %v", err))
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{} // none, rather than all
	response, err := request.RequestWith(ctx, client)
	return err == nil && len(response.Brokers) == count
}

// Close kills what runs; data and logs stay in the directory.
func (c *Cluster) Close() error {
	var failures []error
	for i, n := range c.nodes {
		if err := n.end(context.Background(), syscall.SIGKILL); err != nil {
			failures = append(failures, fmt.Errorf("end node %d: %w", i+1, err))
		}
	}
	return errors.Join(failures...)
}

// Log returns what a node (counted from 1) has logged.
func (c *Cluster) Log(node int) (string, error) {
	text, err := os.ReadFile(c.nodes[node-1].logFile())
	if err != nil {
		return "", fmt.Errorf("read the broker's log: %w", err)
	}
	return string(text), nil
}
