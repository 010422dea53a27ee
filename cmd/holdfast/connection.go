package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/connect"
)

// keyFlag is a flag that stands for a configuration key.
type keyFlag struct {
	c    *cli
	path string
}

// Set implements pflag.Value.
func (f keyFlag) Set(text string) error {
	if f.path == "sinks.clickhouse.dsn" {
		if text == "off" {
			text = ""
		}
		if config.HasPassword(text) {
			// Not returned: the flag library would print the value beside it.
			f.c.refused = usage("--clickhouse: do not pass a password in a flag, where every process can read it → use " +
				"HOLDFAST_CLICKHOUSE_DSN_FILE")
			return nil
		}
		f.c.keys["sinks.clickhouse.dsn_file"] = ""
	}
	f.c.keys[f.path] = text
	return nil
}

// String implements pflag.Value.
func (f keyFlag) String() string { return "" }

// Type implements pflag.Value.
func (f keyFlag) Type() string { return "text" }

var _ pflag.Value = keyFlag{}

// key adds a flag that sets a configuration key.
func (c *cli) key(command *cobra.Command, name, path, help string) {
	command.Flags().Var(keyFlag{c, path}, name, help)
}

// kafkaFlags adds what every command needs that talks to Kafka.
func (c *cli) kafkaFlags(command *cobra.Command) {
	c.key(command, "brokers", "kafka.brokers", "brokers, host:port separated by commas (HOLDFAST_KAFKA_BROKERS)")
	c.key(command, "group", "kafka.group", "consumer group (HOLDFAST_KAFKA_GROUP)")
}

// clickhouseFlags adds what every command needs that talks to ClickHouse.
func (c *cli) clickhouseFlags(command *cobra.Command) {
	c.key(command, "clickhouse", "sinks.clickhouse.dsn",
		"ClickHouse address without password, or off (HOLDFAST_CLICKHOUSE_DSN, HOLDFAST_CLICKHOUSE_DSN_FILE)")
}

// pingTimeout bounds the first contact with Kafka or ClickHouse.
const pingTimeout = 10 * time.Second

// kafka connects and makes sure that a broker answers.
func (c *cli) kafka(ctx context.Context, cfg *config.Loaded, more ...kgo.Opt) (*kgo.Client, error) {
	options, err := connect.Kafka(cfg.Kafka, c.readFile)
	if err != nil {
		return nil, &coded{exitInvalid, err}
	}
	client, err := kgo.NewClient(append(options, more...)...)
	if err != nil {
		return nil, fmt.Errorf("make a Kafka client: %w", err)
	}
	ping, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := client.Ping(ping); err != nil {
		client.Close()
		return nil, unreachable("Kafka at "+strings.Join(cfg.Kafka.Brokers, ","), kafkaFix(cfg, err), withPlainCause(err))
	}
	return client, nil
}

// setupKafka is setup, and a client of the brokers: the caller's to close.
func (c *cli) setupKafka(ctx context.Context) (*config.Loaded, *kgo.Client, error) {
	loaded, err := c.setup()
	if err != nil {
		return nil, nil, err
	}
	client, err := c.kafka(ctx, loaded)
	if err != nil {
		return nil, nil, err
	}
	return loaded, client, nil
}

// kafkaFix says what to do about brokers that do not answer.
func kafkaFix(cfg *config.Loaded, err error) string {
	words := strings.ToLower(err.Error())
	said := func(word string) bool { return strings.Contains(words, word) }
	switch {
	case cfg.Origin("kafka.brokers") == config.FromDefault:
		return "start the embedded engines with `holdfast engines`, or name brokers by --brokers or HOLDFAST_KAFKA_BROKERS"
	case slices.ContainsFunc([]string{"tls", "sasl", "eof", "connection reset"}, said):
		return "check kafka.tls and kafka.sasl: the listener may want encryption or a login that is not configured, or " +
			"another one"
	}
	return "check that the brokers run and that kafka.brokers is right"
}

// withPlainCause replaces the errors of timeouts, which name no cause.
func withPlainCause(err error) error {
	var dial *net.OpError
	if errors.As(err, &dial) && !dial.Timeout() {
		return dial // without the address around it, which may name a user
	}
	var network net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &network) &&
		network.Timeout() {
		return fmt.Errorf("no answer within %s", pingTimeout)
	}
	return err
}
