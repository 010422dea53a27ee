package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/config"
	schema "github.com/holdfast/holdfast/schemas/config"
)

func (c *cli) configCommand() *cobra.Command {
	command := &cobra.Command{Use: "config", Short: "Show the configuration and its schema"}
	command.AddCommand(c.configPrintCommand(), &cobra.Command{
		Use: "schema", Short: "Write the JSON Schema of the configuration, for editors", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := c.stdout.Write(schema.Schema)
			return err
		},
	})
	return command
}

func (c *cli) configPrintCommand() *cobra.Command {
	var effective, redact, source bool
	command := &cobra.Command{
		Use: "print", Short: "Print the configuration in force, as a file that can be read back",
		Long: `Print what is in force after file, variables and flags. With --source each line
says where its value came from; --effective=false leaves out defaults.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			loaded, err := c.load()
			if err != nil {
				return err
			}
			if c.output == "json" {
				return c.printSettings(loaded, effective, redact)
			}
			text, err := loaded.YAML(config.Print{Redact: redact, Sources: source, GivenOnly: !effective})
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(c.stdout, text)
			return err
		},
	}
	command.Flags().BoolVar(&effective, "effective", true, "with the defaults")
	command.Flags().BoolVar(&redact, "redact", true, "without passwords")
	command.Flags().BoolVar(&source, "source", false, "with the origin of each value")
	c.kafkaFlags(command)
	c.clickhouseFlags(command)
	return command
}

func (c *cli) printSettings(loaded *config.Loaded, effective, redact bool) error {
	settings := []config.Setting{}
	for _, setting := range loaded.Settings(redact) {
		if effective || setting.Origin != config.FromDefault {
			settings = append(settings, setting)
		}
	}
	return c.printJSON(map[string]any{"config_hash": fmt.Sprintf("%016x", loaded.Hash()), "settings": settings})
}
