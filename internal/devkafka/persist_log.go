package devkafka

import (
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"
)

// maxFailures bounds what a broken disk can make us remember.
const maxFailures = 10

// persistLog collects the engine's errors: it reports what it could not write
// to its logger only.
type persistLog struct {
	mu       sync.Mutex
	failures []error
}

// Logf implements kfake.Logger.
func (l *persistLog) Logf(level kfake.LogLevel, format string, values ...any) {
	if level != kfake.LogLevelError {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.failures) < maxFailures {
		l.failures = append(l.failures, fmt.Errorf("embedded Kafka: "+format, values...))
	}
}

// failure joins what was collected.
func (l *persistLog) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.failures...)
}
