package assign

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

var (
	// ErrNoTopics says that there is nothing to assign.
	ErrNoTopics = errors.New("no input topics")
	// ErrMissingTopic says that an input topic does not exist (or may not be
	// described).
	ErrMissingTopic = errors.New("input topic missing")
	// ErrNotCopartitioned says that the input topics' partition counts differ,
	// so that a partition number does not mean the same customers everywhere.
	ErrNotCopartitioned = errors.New("input topics have unequal partition counts")
)

// CheckCopartitioned reports whether all topics exist and have the same partition
// count. counts maps each wanted topic to its partition count, zero or less
// where it does not exist. The error unwraps to one of this package's
// sentinels and lists the topics, sorted, as topic=count.
func CheckCopartitioned(counts map[string]int32) error {
	if len(counts) == 0 {
		return ErrNoTopics
	}
	topics := slices.Sorted(maps.Keys(counts))
	var missing, listed []string
	first, equal := counts[topics[0]], true
	for _, topic := range topics {
		if counts[topic] <= 0 {
			missing = append(missing, topic)
		}
		if counts[topic] != first {
			equal = false
		}
		listed = append(listed, fmt.Sprintf("%s=%d", topic, counts[topic]))
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: %s", ErrMissingTopic, strings.Join(missing, ", "))
	}
	if !equal {
		return fmt.Errorf("%w: %s", ErrNotCopartitioned, strings.Join(listed, ", "))
	}
	return nil
}
