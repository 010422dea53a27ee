package modelcli

import (
	"fmt"

	"github.com/spf13/cobra"
)

// Exit codes of the commands.
const (
	exitUsage   = 2
	exitPartial = 5
)

// exitError is an error with the exit code that it asks of main.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// ExitCode is the code the process should end with.
func (e *exitError) ExitCode() int { return e.code }

func usagef(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

func partialf(format string, args ...any) error {
	return &exitError{exitPartial, fmt.Errorf(format, args...)}
}

// oneFile accepts exactly one argument, the file; "-" is standard input.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("%s takes one FILE (- for standard input), %d given", cmd.CommandPath(), len(args))
	}
	return nil
}

func flagError(_ *cobra.Command, err error) error { return &exitError{exitUsage, err} }
