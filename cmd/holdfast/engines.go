package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devkafka"
	"github.com/holdfast/holdfast/sinks/clickhouse"
)

const enginesHelp = `Start Kafka (in this process) and ClickHouse (in a child process), create topics
and tables, and serve until interrupted. For trying out and for tests: no TLS,
no users, one broker. Both listen on this host only.

The ClickHouse engine is fetched once into the user's cache (npm is needed for
that). Where it cannot be had, Kafka is served alone. A ClickHouse that ends by
itself is started again.`

// engineOptions say where the engines listen and keep their data.
type engineOptions struct {
	data             string
	kafkaListen      string
	clickhouseListen string // "off": no ClickHouse
}

func (c *cli) enginesCommand() *cobra.Command {
	var options engineOptions
	var fetchOnly bool
	command := &cobra.Command{
		Use: "engines", Short: "Serve an embedded Kafka and ClickHouse, prepared, for trying out", Long: enginesHelp,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if fetchOnly {
				_, err := c.fetchEngine(command.Context())
				return err
			}
			return c.engines(command.Context(), options)
		},
	}
	command.Flags().StringVar(&options.data, "data", "",
		"folder that keeps the data (default: none, data goes with the process)")
	command.Flags().StringVar(&options.kafkaListen, "kafka-listen", "",
		"host:port of Kafka (default 127.0.0.1:9092, or a free port where that is in use)")
	command.Flags().StringVar(&options.clickhouseListen, "clickhouse-listen", "",
		"host:port of ClickHouse's HTTP port, or off (default 127.0.0.1:8123, or a free port)")
	command.Flags().BoolVar(&fetchOnly, "fetch-only", false, "fetch the ClickHouse engine and end")
	return command
}

func (c *cli) engines(ctx context.Context, options engineOptions) (err error) {
	running, err := c.startEngines(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.close()) }()
	fmt.Fprintf(c.stdout, "Kafka       %s\n", strings.Join(running.kafka.Addrs(), ","))
	if running.clickhouse != nil {
		fmt.Fprintf(c.stdout, "ClickHouse  http://%s\n", running.clickhouse.Addr())
	}
	if running.clickhouse != nil && c.tokenPath(running.clickhouse.Addr()) != "" {
		fmt.Fprintf(c.stdout, "Token       %s (password for changes; everybody on this host may read)\n",
			c.tokenPath(running.clickhouse.Addr()))
	}
	if brokers := c.keys["kafka.brokers"]; brokers != config.EmbeddedBroker ||
		c.keys["sinks.clickhouse.dsn"] != config.EmbeddedClickHouse {
		fmt.Fprintf(c.stdout, "Use         holdfast run --brokers %s --clickhouse %s\n", brokers,
			orElse(c.keys["sinks.clickhouse.dsn"], "off"))
	}
	fmt.Fprintln(c.stdout, "Ready. Ctrl-C stops.")
	<-ctx.Done()
	return nil
}

// engineSet are the running engines.
type engineSet struct {
	kafka       *devkafka.Cluster
	clickhouse  *devclickhouse.Process // nil where it cannot be had
	taken       []string               // addresses that were in use, in words
	removePlace func() error           // removes the file that says where they listen; nil = there is none
	// removeToken removes the file of ClickHouse's token.
	removeToken func() error

	stopRestarts  context.CancelFunc // nil where there is no ClickHouse
	restartsEnded chan struct{}
}

// startEngines starts both, points the configuration at them, and creates
// topics and tables: what we start ourselves we prepare ourselves.
func (c *cli) startEngines(ctx context.Context, options engineOptions) (*engineSet, error) {
	kafka := devkafka.Options{Listen: orElse(options.kafkaListen, config.EmbeddedBroker),
		ExactPort: options.kafkaListen != ""}
	if options.data != "" {
		kafka.DataDir = filepath.Join(options.data, "kafka")
	}
	running := &engineSet{}
	var err error
	if running.kafka, err = devkafka.Start(kafka); err != nil {
		return nil, err
	}
	if wanted, taken := running.kafka.PortTaken(); taken {
		running.taken = append(running.taken, fmt.Sprintf("%s is in use, Kafka listens on %s", wanted,
			running.kafka.Addrs()[0]))
	}
	if options.clickhouseListen != "off" {
		if err := c.startClickHouse(ctx, running, options); err != nil {
			if ctx.Err() != nil || options.clickhouseListen != "" {
				return nil, errors.Join(err, running.close())
			}
			fmt.Fprintf(c.stderr, "without ClickHouse: %s\n", err)
		}
	}
	for _, words := range running.taken {
		fmt.Fprintln(c.stderr, words)
	}
	if len(running.taken) > 0 {
		p := enginePlace{PID: os.Getpid(), Kafka: strings.Join(running.kafka.Addrs(), ","), Ops: c.keys["ops.listen"]}
		if running.clickhouse != nil {
			p.ClickHouse = "http://" + running.clickhouse.Addr()
		}
		if err := c.writePlace(p); err != nil {
			return nil, errors.Join(err, running.close())
		}
		running.removePlace = c.removePlace
	}
	c.keys["kafka.brokers"] = strings.Join(running.kafka.Addrs(), ",")
	c.keys["sinks.clickhouse.dsn"], c.keys["sinks.clickhouse.dsn_file"] = "", ""
	if running.clickhouse != nil {
		c.keys["sinks.clickhouse.dsn"] = "http://" + running.clickhouse.Addr()
	}
	if err := c.prepareEngines(ctx); err != nil {
		return nil, errors.Join(err, running.close())
	}
	running.keepRunning(c.stderr)
	return running, nil
}

func (c *cli) startClickHouse(ctx context.Context, running *engineSet, options engineOptions) error {
	if _, err := c.fetchEngine(ctx); err != nil {
		return err
	}
	wanted := orElse(options.clickhouseListen, "127.0.0.1:8123")
	listen := wanted
	if options.clickhouseListen == "" && !portFree(wanted) {
		listen = "127.0.0.1:0"
	}
	engine := devclickhouse.Options{Listen: listen, Token: c.newToken()}
	if options.data == "" {
		folder, err := os.MkdirTemp("", "holdfast-clickhouse-")
		if err != nil {
			return fmt.Errorf("make a folder for ClickHouse: %w", err)
		}
		engine.DataDir, engine.RemoveData = folder, true
	} else {
		engine.DataDir = filepath.Join(options.data, "clickhouse")
	}
	process, err := devclickhouse.StartProcess(ctx, engine)
	if err != nil {
		if engine.RemoveData {
			err = errors.Join(err, os.RemoveAll(engine.DataDir))
		}
		return err
	}
	running.clickhouse = process
	running.removeToken = func() error { return c.removeToken(process.Addr()) }
	if err := c.writeToken(process.Addr(), engine.Token); err != nil {
		return err
	}
	if listen != wanted {
		running.taken = append(running.taken, fmt.Sprintf("%s is in use, ClickHouse listens on %s", wanted, process.Addr()))
	}
	return nil
}

// portFree reports whether an address can be listened on. Another process may
// take it in between; the engine then says so.
func portFree(address string) bool {
	listener, err := net.Listen("tcp", address)
	return err == nil && listener.Close() == nil
}

// fetchEngine gets the ClickHouse library into the cache, with progress.
func (c *cli) fetchEngine(ctx context.Context) (string, error) {
	if path, ok := devclickhouse.Locate(); ok {
		return path, nil
	}
	var bar *progress
	step := ""
	path, err := devclickhouse.Fetch(ctx, func(now string, done, total int64) {
		if now != step {
			if bar != nil {
				bar.end()
			}
			bar, step = c.progress("ClickHouse engine: "+now, total), now
		}
		bar.to(done)
	})
	if bar != nil {
		bar.end()
	}
	return path, err
}

// prepareEngines creates topics and tables.
func (c *cli) prepareEngines(ctx context.Context) error {
	loaded, err := c.load()
	if err != nil {
		return err
	}
	if _, err := c.migrate(ctx, loaded, clickhouse.MigrateUp, migrateFlags{}); err != nil {
		return fmt.Errorf("prepare the embedded engines: %w", err)
	}
	if err := c.mirrorViews(ctx, loaded); err != nil {
		return fmt.Errorf("prepare the embedded engines: %w", err)
	}
	return nil
}

// mirrorViews lets who has just started the engines type a view's name alone:
// curl asks in the database default, while the tables are in their own.
func (c *cli) mirrorViews(ctx context.Context, loaded *config.Loaded) error {
	if !loaded.Sinks.ClickHouse.On() || loaded.Sinks.ClickHouse.Database == "default" {
		return nil
	}
	conn, err := c.clickhouse(ctx, loaded)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Of a table the view shows each row once, as the views of BI do.
	var names []string
	rows, err := conn.Query(ctx, "SELECT concat('`', name, '`', if(engine = 'View', '', ' FINAL')) FROM system.tables "+
		"WHERE database = currentDatabase() AND name != 'schema_migrations' ORDER BY name")
	if err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return errors.Join(fmt.Errorf("list tables: %w", err), rows.Close())
		}
		names = append(names, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	for _, name := range names {
		// Names are our own migrations', and the configuration's identifier.
		statement := fmt.Sprintf("CREATE OR REPLACE VIEW default.%s AS SELECT * FROM `%s`.%s",
			strings.TrimSuffix(name, " FINAL"), loaded.Sinks.ClickHouse.Database, name)
		if err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("show %s in the database default: %w", name, err)
		}
	}
	return nil
}

// keepRunning starts ClickHouse again, on the same port and data, whenever its process
// ends by itself: it may run out of memory or be killed, and rows wait meanwhile.
func (e *engineSet) keepRunning(stderr io.Writer) {
	if e.clickhouse == nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	e.stopRestarts, e.restartsEnded = stop, make(chan struct{})
	go func() {
		defer close(e.restartsEnded)
		pace := backoff.NewExponentialBackOff()
		pace.MaxInterval = 10 * time.Second
		for {
			select {
			case <-e.clickhouse.Done():
			case <-ctx.Done():
				return
			}
			wait := pace.NextBackOff()
			fmt.Fprintf(stderr, "the ClickHouse engine has ended; starting it again in %s\n", wait.Round(100*time.Millisecond))
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return
			}
			if err := e.clickhouse.Restart(ctx); err != nil {
				fmt.Fprintln(stderr, err)
			}
		}
	}()
}

// close stops the engines: ClickHouse first, as nobody reads from it any more.
func (e *engineSet) close() error {
	var failures []error
	if e.removePlace != nil {
		failures = append(failures, e.removePlace())
	}
	if e.stopRestarts != nil {
		e.stopRestarts()
		<-e.restartsEnded
	}
	if e.clickhouse != nil {
		failures = append(failures, e.clickhouse.Close())
		if e.removeToken != nil {
			failures = append(failures, e.removeToken())
		}
	}
	return errors.Join(append(failures, e.kafka.Close())...)
}
