package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline"
	decodejson "github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/sinks/clickhouse"
)

const validateHelp = `Check the configuration, all problems at once, and then, where brokers are
configured, what it points to: brokers, topics and their partition counts, the
ClickHouse tables. Nothing is changed.

Exit codes: 0 all is well, 1 topics or tables do not fit, 3 the configuration is
invalid, 4 Kafka or ClickHouse cannot be reached.`

func (c *cli) validateCommand() *cobra.Command {
	var connect, strict bool
	command := &cobra.Command{
		Use: "validate [FILE]", Short: "Check the configuration and what it points to", Long: validateHelp,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) == 1 {
				c.configPath = args[0]
			}
			if !command.Flags().Changed("connect") {
				connect = c.brokersGiven()
			}
			return c.validate(command.Context(), connect, strict)
		},
	}
	command.Flags().BoolVar(&connect, "connect", false,
		"ask Kafka and ClickHouse too (default: where brokers are configured)")
	command.Flags().BoolVar(&strict, "strict", false, "warnings count as errors")
	c.kafkaFlags(command)
	c.clickhouseFlags(command)
	return command
}

// brokersGiven reports whether anybody named brokers.
func (c *cli) brokersGiven() bool {
	loaded, err := c.load()
	return err == nil && loaded.Origin("kafka.brokers") != config.FromDefault
}

// finding is one line of validate's output.
type finding struct {
	Where   string `json:"where"`
	Level   string `json:"level"` // ok, warning, error
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// findings is the error of a validation that found something; it is printed
// already.
type findings struct{ code int }

func (f findings) Error() string { return "the check found problems" }

// ExitCode returns the code of the gravest finding.
func (f findings) ExitCode() int { return f.code }

// Silent keeps the error from being printed once more.
func (f findings) Silent() bool { return true }

// validation gathers findings and the exit code.
type validation struct {
	found []finding
	code  int
}

func (v *validation) add(where, level, message, fix string) {
	v.found = append(v.found, finding{where, level, message, fix})
}

func (v *validation) fail(code int, where, message, fix string) {
	v.add(where, "error", message, fix)
	v.code = max(v.code, code)
}

func (c *cli) validate(ctx context.Context, connect, strict bool) error {
	v := &validation{}
	loaded, err := c.load()
	var invalid *config.Invalid
	switch {
	case errors.As(err, &invalid):
		v.problems(invalid.Problems, strict)
	case err != nil:
		return err
	default:
		v.problems(loaded.Warnings, strict)
		v.mappings(&loaded.Config)
		if v.code == 0 {
			v.add(orElse(loaded.Path, "configuration"), "ok", fmt.Sprintf("hash %016x; every key takes effect at a restart",
				loaded.Hash()), "")
			v.model(&loaded.Config)
		}
		if connect {
			v.checkKafka(ctx, c, loaded)
			v.checkClickHouse(ctx, c, loaded)
		}
	}
	if err := c.printFindings(v.found); err != nil {
		return err
	}
	if v.code != 0 {
		return findings{v.code}
	}
	return nil
}

func (v *validation) problems(problems []config.Problem, strict bool) {
	for _, problem := range problems {
		where := problem.Source
		if problem.Line > 0 {
			where = fmt.Sprintf("%s:%d", problem.Source, problem.Line)
		}
		message := problem.Message
		if problem.Path != "" {
			message = problem.Path + ": " + message
		}
		v.add(where, problem.Level.String(), message, problem.Fix)
		if problem.Level == config.Error || strict {
			v.code = exitInvalid
		}
	}
}

// mappings are compiled as the processor would: a field that is not in the
// schema is found before the first record.
func (v *validation) mappings(cfg *config.Config) {
	for _, eventType := range []event.Type{event.Purchase, event.Visit, event.Complaint} {
		if _, err := decodejson.New(decodeConfig(cfg, eventType)); err != nil {
			v.fail(exitInvalid, "mapping."+eventType.String()+"s", err.Error(), "correct the mapping")
		}
	}
}

func (v *validation) checkKafka(ctx context.Context, c *cli, loaded *config.Loaded) {
	client, err := c.kafka(ctx, loaded)
	if err != nil {
		v.fail(codeOf(err), "kafka", err.Error(), "")
		return
	}
	defer client.Close()
	brokers := pipeline.CheckBrokers(ctx, client)
	switch {
	case errors.Is(brokers, pipeline.ErrBrokersTooOld):
		v.fail(exitFailed, "kafka", brokers.Error(), "")
	case brokers != nil:
		v.fail(exitUnreachable, "kafka", brokers.Error(), "")
	}
	found, err := compareTopics(ctx, client, &loaded.Config)
	if err != nil {
		v.fail(exitUnreachable, "kafka", err.Error(), "")
		return
	}
	for _, topic := range found.Missing {
		v.fail(exitFailed, "topic "+topic.Name, "does not exist",
			fmt.Sprintf("create it, or let `holdfast migrate up` do it, with %d partitions",
				topic.Partitions.Count(found.Partitions)))
	}
	for _, problem := range found.Problems {
		message := fmt.Sprintf("%s is %s, want %s: %s", problem.Subject, problem.Have, problem.Want, problem.Reason)
		if problem.Blocking {
			v.fail(exitFailed, "topic "+problem.Topic, message, problem.Fix)
		} else {
			v.add("topic "+problem.Topic, "warning", message, problem.Fix)
		}
	}
	if brokers != nil {
		return
	}
	v.add("kafka", "ok", fmt.Sprintf("%d brokers answer; %d topics are there, %d are missing; inputs of %d partitions",
		found.brokers, len(found.Existing), len(found.Missing), found.Partitions), "")
}

func (v *validation) checkClickHouse(ctx context.Context, c *cli, loaded *config.Loaded) {
	conn, err := c.clickhouse(ctx, loaded)
	switch {
	case err != nil:
		v.fail(codeOf(err), "clickhouse", err.Error(), "")
		return
	case conn == nil:
		v.add("clickhouse", "ok", "is switched off: signals go to topics only", "")
		return
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	var drift *clickhouse.SchemaError
	err = clickhouse.CheckSchema(ctx, conn)
	switch {
	case errors.As(err, &drift):
		for _, problem := range drift.Problems {
			v.fail(exitFailed, "clickhouse", problem, "run `holdfast migrate up`")
		}
	case err != nil:
		v.fail(exitUnreachable, "clickhouse", err.Error(), "")
	default:
		v.add("clickhouse", "ok", "answers; the tables are those of this version", "")
	}
}

func (c *cli) printFindings(found []finding) error {
	if c.output == "json" {
		return c.printJSON(found)
	}
	text := &strings.Builder{}
	for _, f := range found {
		fmt.Fprintf(text, "%s  %s  %s", f.Where, f.Level, f.Message)
		if f.Fix != "" {
			text.WriteString(" → " + f.Fix)
		}
		text.WriteByte('\n')
	}
	_, err := fmt.Fprint(c.stdout, text)
	return err
}
