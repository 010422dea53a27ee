package main

import (
	"io"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"
)

func levelOf(name string) (slog.Level, error) {
	switch name {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, usage("--log-level %q is not one of debug, info, warn, error", name)
}

// logger writes to stderr: JSON where a program reads it, text in colour where
// a person does.
func (c *cli) logger() *slog.Logger {
	level, err := levelOf(c.logLevel)
	if err != nil {
		level = slog.LevelInfo // checked before any command runs
	}
	if c.quiet {
		level = max(level, slog.LevelError)
	}
	return slog.New(logHandler(c.stderr, c.logFormat, c.terminal, !c.terminal || c.noColor, level))
}

func logHandler(w io.Writer, format string, terminal, plain bool, level slog.Level) slog.Handler {
	if format == "json" || format == "auto" && !terminal {
		return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	}
	return tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: plain})
}
