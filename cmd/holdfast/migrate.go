package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/sinks/clickhouse"
)

const migrateHelp = `Create what is missing: topics with their partition counts and settings, and the
tables and views in ClickHouse, by numbered steps. It may be repeated at any
time. A topic that exists is never changed.`

// migrateFlags say which half is meant; neither means both.
type migrateFlags struct{ topics, tables bool }

func (c *cli) migrateCommand() *cobra.Command {
	var flags migrateFlags
	command := &cobra.Command{Use: "migrate", Short: "Create topics, tables and views", Long: migrateHelp}
	for _, mode := range []struct {
		use, short string
		mode       clickhouse.MigrateMode
	}{
		{"plan", "Say what up would do", clickhouse.MigratePlan},
		{"up", "Create what is missing", clickhouse.MigrateUp},
		{"status", "Say what is there", clickhouse.MigrateStatus},
	} {
		sub := &cobra.Command{
			Use: mode.use, Short: mode.short, Args: cobra.NoArgs,
			RunE: func(command *cobra.Command, _ []string) error {
				loaded, err := c.setup()
				if err != nil {
					return err
				}
				done, err := c.migrate(command.Context(), loaded, mode.mode, flags)
				return errors.Join(c.printMigration(done), err)
			},
		}
		sub.Flags().BoolVar(&flags.topics, "topics", false, "topics only")
		sub.Flags().BoolVar(&flags.tables, "tables", false, "tables and views only")
		c.kafkaFlags(sub)
		c.clickhouseFlags(sub)
		c.key(sub, "partitions", "kafka.partitions", "partition count of topics that are created (HOLDFAST_KAFKA_PARTITIONS)")
		command.AddCommand(sub)
	}
	return command
}

// migration is what was found or done.
type migration struct {
	Topics []topicLine `json:"topics,omitempty"`
	Tables []tableLine `json:"tables,omitempty"`
	// NoTables says why there is nothing to say of tables.
	NoTables string `json:"no_tables,omitempty"`
}

type topicLine struct {
	Name  string `json:"name"`
	State string `json:"state"` // exists, missing, created, or what is wrong
}

type tableLine struct {
	Number uint32 `json:"number"`
	Name   string `json:"name"`
	State  string `json:"state"` // applied, missing, applied now
}

func (c *cli) migrate(ctx context.Context, loaded *config.Loaded, mode clickhouse.MigrateMode,
	flags migrateFlags) (migration, error) {
	var done migration
	both := flags.topics == flags.tables
	if both || flags.topics {
		lines, err := c.migrateTopics(ctx, loaded, mode)
		done.Topics = lines
		if err != nil {
			return done, err
		}
	}
	switch {
	case !both && !flags.tables:
		return done, nil
	case !loaded.Sinks.ClickHouse.On():
		done.NoTables = "are not wanted: ClickHouse is switched off"
		return done, nil
	}
	conn, err := c.clickhouse(ctx, loaded)
	// A server may answer a ping though the database is gone.
	missing := errors.Is(err, errNoDatabase) || err == nil && !c.hasDatabase(ctx, conn, loaded)
	if mode == clickhouse.MigrateUp && missing {
		if conn != nil {
			conn.Close()
		}
		if err := c.createDatabase(ctx, loaded); err != nil {
			return done, err
		}
		conn, err = c.clickhouse(ctx, loaded)
	}
	if err != nil {
		return done, err
	}
	defer conn.Close()
	done.Tables, err = migrateTables(ctx, conn, mode)
	if err == nil && len(done.Tables) == 0 {
		done.NoTables = "are up to date"
	}
	return done, err
}

func (c *cli) migrateTopics(ctx context.Context, loaded *config.Loaded,
	mode clickhouse.MigrateMode) ([]topicLine, error) {
	client, err := c.kafka(ctx, loaded)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var found topology
	if mode == clickhouse.MigrateUp {
		found, err = createTopics(ctx, client, &loaded.Config)
	} else {
		found, err = compareTopics(ctx, client, &loaded.Config)
	}
	if blocking := found.Blocking(); err == nil && len(blocking) > 0 {
		err = fmt.Errorf("%d topics do not fit, see above", len(blocking))
	}
	return topicLines(found), err
}

func topicLines(found topology) []topicLine {
	var lines []topicLine
	for _, name := range found.Existing {
		lines = append(lines, topicLine{Name: name, State: "exists"})
	}
	for _, name := range found.Created {
		lines = append(lines, topicLine{Name: name, State: "created"})
	}
	for _, topic := range found.Missing {
		lines = append(lines, topicLine{Name: topic.Name, State: fmt.Sprintf("missing (%d partitions)",
			topic.Partitions.Count(found.Partitions))})
	}
	for _, problem := range found.Problems {
		lines = append(lines, topicLine{Name: problem.Topic, State: problem.String()})
	}
	return lines
}

func migrateTables(ctx context.Context, conn driver.Conn, mode clickhouse.MigrateMode) ([]tableLine, error) {
	steps, err := clickhouse.Migrate(ctx, conn, mode)
	var lines []tableLine
	for _, step := range steps {
		line := tableLine{step.Number, step.Name, "applied"}
		switch {
		case !step.Applied.IsZero():
		case mode == clickhouse.MigrateUp && err == nil:
			line.State = "applied now"
		default:
			line.State = "missing"
		}
		lines = append(lines, line)
	}
	return lines, err
}

func (c *cli) printMigration(done migration) error {
	if c.output == "json" {
		return c.printJSON(done)
	}
	text := &strings.Builder{}
	for _, line := range done.Topics {
		fmt.Fprintf(text, "topic  %-30s %s\n", line.Name, line.State)
	}
	for _, line := range done.Tables {
		fmt.Fprintf(text, "table  %04d_%-25s %s\n", line.Number, line.Name, line.State)
	}
	if done.NoTables != "" {
		fmt.Fprintf(text, "tables %s\n", done.NoTables)
	}
	_, err := fmt.Fprint(c.stdout, text)
	return err
}
