package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/modelcli"
)

// cli is one invocation: its surroundings and the global flags.
type cli struct {
	surroundings
	configPath  string
	insecureDev bool
	logLevel    string
	logFormat   string
	output      string
	noColor     bool
	quiet       bool

	keys    map[string]string // configuration keys that flags of the command set
	refused error             // why a flag's value was not taken
	started bool              // whether flags and arguments were accepted
}

// execute runs a command line and returns the exit code. It is what main does,
// without the process around it.
func execute(ctx context.Context, around surroundings, args []string) int {
	c := &cli{surroundings: around, keys: map[string]string{}}
	if around.signals {
		var stop context.CancelFunc
		ctx, stop = untilSignal(ctx)
		defer stop()
	}
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code := codeOf(err)
	if !c.started && code == exitFailed {
		code = exitUsage // cobra's own complaints have no type
	}
	var silent interface{ Silent() bool }
	if !errors.As(err, &silent) {
		fmt.Fprintf(around.stderr, "holdfast: %s\n", err)
	}
	if code == exitUsage {
		fmt.Fprintln(around.stderr, "See holdfast --help.")
	}
	return code
}

// untilSignal ends the context with the first interrupt. The second one finds
// no handler any more and ends the process at once.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

const rootHelp = `Holdfast reads what customers do (purchases, visits, complaints) from Kafka, and
says as it happens, with its reasons, who is about to leave and who is becoming
loyal: as alerts on Kafka topics and as rows in ClickHouse.

Begin with: holdfast demo

Exit codes: 0 ok, 1 failed, 2 usage, 3 configuration invalid, 4 something
needed cannot be reached, 5 done in part.`

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use: "holdfast", Short: "Customer churn and loyalty, as it happens", Long: rootHelp,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(command *cobra.Command, _ []string) error {
			if err := c.checkGlobals(); err != nil {
				return err
			}
			c.started = true
			return nil
		},
	}
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	flags := root.PersistentFlags()
	flags.StringVarP(&c.configPath, "config", "c", c.environ["HOLDFAST_CONFIG"], "configuration file (HOLDFAST_CONFIG)")
	flags.BoolVar(&c.insecureDev, "insecure-dev", isOn(c.environ["HOLDFAST_INSECURE_DEV"]),
		"allow unencrypted connections to other hosts (HOLDFAST_INSECURE_DEV)")
	flags.StringVar(&c.logLevel, "log-level", orElse(c.environ["HOLDFAST_LOG_LEVEL"], "info"),
		"debug, info, warn or error (HOLDFAST_LOG_LEVEL)")
	flags.StringVar(&c.logFormat, "log-format", orElse(c.environ["HOLDFAST_LOG_FORMAT"], "auto"),
		"auto, text or json (HOLDFAST_LOG_FORMAT)")
	flags.StringVarP(&c.output, "output", "o", "table", "table or json")
	flags.BoolVar(&c.noColor, "no-color", c.environ["NO_COLOR"] != "", "no colours (NO_COLOR)")
	flags.BoolVar(&c.quiet, "quiet", false, "no progress, errors only")
	root.AddCommand(c.commands()...)
	return root
}

// commands lists the subcommands; one file each.
func (c *cli) commands() []*cobra.Command {
	return []*cobra.Command{
		c.auditCommand(), c.backfillCommand(), c.clockCommand(), c.configCommand(), c.demoCommand(), c.enginesCommand(),
		c.explainCommand(), modelcli.NewFitCommand(), c.healthCommand(), c.migrateCommand(), c.offsetsCommand(),
		c.produceCommand(),
		c.rowsCommand(), c.runCommand(), modelcli.NewScoreCommand(), c.validateCommand(), c.versionCommand(), c.waitCommand(),
	}
}

// isOn reports whether a variable that is a switch is on.
func isOn(text string) bool {
	on, err := strconv.ParseBool(text)
	return err == nil && on
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func (c *cli) checkGlobals() error {
	if c.refused != nil {
		return c.refused
	}
	if c.output != "table" && c.output != "json" {
		return usage("--output %s is not one of table, json", strconv.Quote(c.output))
	}
	if _, err := levelOf(c.logLevel); err != nil {
		return err
	}
	switch c.logFormat {
	case "auto", "text", "json":
		return nil
	}
	return usage("--log-format %s is not one of auto, text, json", strconv.Quote(c.logFormat))
}

// load reads the configuration file, if one is named, and puts environment and
// flags over it.
func (c *cli) load() (*config.Loaded, error) {
	input := config.Input{
		Path: c.configPath, Environ: c.environ, Flags: c.keys, HostName: c.hostName, InsecureDev: c.insecureDev,
	}
	if c.configPath != "" {
		file, err := c.readFile(c.configPath)
		if err != nil {
			return nil, &coded{exitInvalid, fmt.Errorf("read the configuration: %w", err)}
		}
		input.File = file
	}
	loaded, err := config.Load(input)
	if err != nil || !c.findEngines(loaded) {
		return loaded, err
	}
	return config.Load(input)
}

// setup loads the configuration, makes the logger and says what is worth
// saying about the configuration.
func (c *cli) setup() (*config.Loaded, error) {
	loaded, err := c.load()
	if err != nil {
		return nil, err
	}
	for _, warning := range loaded.Warnings {
		c.logger().Warn("configuration", "problem", warning.String())
	}
	return loaded, nil
}
