package main

import (
	"errors"
	"fmt"
)

// Exit codes. Errors that know better carry their own by ExitCode.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInvalid     = 3
	exitUnreachable = 4
	exitPartial     = 5
)

// coded is an error with an exit code.
type coded struct {
	code int
	err  error
}

func (c *coded) Error() string { return c.err.Error() }
func (c *coded) Unwrap() error { return c.err }
func (c *coded) ExitCode() int { return c.code }

func usage(format string, values ...any) error {
	return &coded{exitUsage, fmt.Errorf(format, values...)}
}

// unreachable says that something that is needed does not answer.
func unreachable(what, fix string, err error) error {
	return &coded{exitUnreachable, fmt.Errorf("reach %s: %w → %s", what, err, fix)}
}

// codeOf returns the exit code of an error; the outermost that knows one wins.
func codeOf(err error) int {
	var own interface{ ExitCode() int }
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &own):
		return own.ExitCode()
	}
	return exitFailed
}
