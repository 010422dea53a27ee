package txn

import (
	"context"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"
)

// kgoLogger lets the client's errors and warnings through to the log; what it
// says of normal operation is for debugging.
type kgoLogger struct{ log *slog.Logger }

// Level implements kgo.Logger.
func (l kgoLogger) Level() kgo.LogLevel {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		return kgo.LogLevelInfo
	}
	return kgo.LogLevelError
}

// Log implements kgo.Logger.
func (l kgoLogger) Log(level kgo.LogLevel, msg string, keyvals ...any) {
	switch level {
	case kgo.LogLevelError:
		l.log.Warn("kafka client", append([]any{"message", msg}, keyvals...)...)
	default:
		l.log.Debug("kafka client", append([]any{"message", msg}, keyvals...)...)
	}
}
