package restore

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
)

// A position means nothing without what it is a position in. The state names
// its consumer group, the internal topics that hold it, and beside each position
// the topic and its id. What does not fit is refused at every start.

// ErrForeign says that state and topics do not belong together.
var ErrForeign = errors.New("state and topics do not belong together")

// Anew says how to count everything anew. Each step is tried by a test.
func (s *Source) Anew() string {
	return fmt.Sprintf("to count everything anew, delete the topics %s and %s, run `holdfast migrate up`, "+
		"and start under another kafka.group", s.Lanes.Topics.Checkpoint, s.Lanes.Topics.BatchLog)
}

func (s *Source) placeOf(topic string) checkpoint.Place {
	return checkpoint.Place{Topic: topic, ID: s.IDs[topic]}
}

// same reports whether two places are one; where a broker gives no ids the
// names must do.
func same(a, b checkpoint.Place) bool {
	return a.Topic == b.Topic && (a.ID == b.ID || a.ID == [16]byte{} || b.ID == [16]byte{})
}

// checkHeader reports whether a header is of this group and of these topics.
func (s *Source) checkHeader(h *checkpoint.Header) error {
	if h == nil {
		return nil
	}
	if h.Group != s.Lanes.Group {
		return fmt.Errorf("%w: %s holds the state of group %s, and this is %s: set kafka.group to %s, or, %s",
			ErrForeign, s.Lanes.Topics.Checkpoint, h.Group, s.Lanes.Group, h.Group, s.Anew())
	}
	for _, was := range []checkpoint.Place{h.BatchLog, h.Checkpoint} {
		topic := s.Lanes.Topics.BatchLog
		if was == h.Checkpoint {
			topic = s.Lanes.Topics.Checkpoint
		}
		if now := s.placeOf(topic); !same(was, now) {
			return s.foreign(was, now)
		}
	}
	return nil
}

// foreign says which topic is another one than the state was written for.
func (s *Source) foreign(was, now checkpoint.Place) error {
	if was.Topic != now.Topic {
		return fmt.Errorf("%w: the state was written for topic %s, and %s is configured in its place: configure %s again, "+
			"or, %s",
			ErrForeign, was.Topic, now.Topic, was.Topic, s.Anew())
	}
	return fmt.Errorf("%w: topic %s was deleted and created anew (its id was %s and is %s now): what was "+
		"counted came from "+
		"the old one, and positions in it mean nothing in the new one; restore the old topic, or, %s",
		ErrForeign, was.Topic, kadm.TopicID(was.ID), kadm.TopicID(now.ID), s.Anew())
}

// CheckLane reports whether a lane's positions are in the topics of now.
func (s *Source) CheckLane(l *lane.Lane) error {
	for i, topic := range s.inputs() {
		was := checkpoint.Place{Topic: topic, ID: l.TopicID(i)}
		if now := s.placeOf(topic); !same(was, now) {
			return s.foreign(was, now)
		}
	}
	return nil
}

// checkInputs reports whether the inputs that an entry names are those of now,
// and gives for each input of now where it stands in the entry; -1 where it
// is new. An input may be added after a clean stop.
func (s *Source) checkInputs(last *checkpoint.Entry) ([]int, error) {
	names := s.inputs()
	places := make([]int, len(names))
	var missing []string
	for i := range last.Inputs {
		if !slices.Contains(names, last.Inputs[i].Topic) {
			missing = append(missing, last.Inputs[i].Topic)
		}
	}
	var added []string
	for i, name := range names {
		places[i] = slices.IndexFunc(last.Inputs, func(r checkpoint.InputRange) bool { return r.Topic == name })
		if places[i] < 0 {
			added = append(added, name)
			continue
		}
		r := &last.Inputs[places[i]]
		if was, now := (checkpoint.Place{Topic: r.Topic, ID: r.ID}), s.placeOf(name); !same(was, now) {
			return nil, s.foreign(was, now)
		}
	}
	switch {
	case len(missing) > 0 && len(added) > 0:
		return nil, fmt.Errorf("%w: the state was written for %s, and %s is configured in its place: configure it again, "+
			"or, %s",
			ErrForeign, strings.Join(missing, ", "), strings.Join(added, ", "), s.Anew())
	case len(missing) > 0:
		return nil, fmt.Errorf("%w: the state was written for %s, which is not configured any more: configure it "+
			"again, or, %s",
			ErrForeign, strings.Join(missing, ", "), s.Anew())
	case len(added) > 0 && last.OldestNeeded <= last.Batch:
		return nil, fmt.Errorf("%w: %s is new among the inputs, and batches without it are still to be replayed: "+
			"start once more without it until it is ready, stop, and add it then", ErrForeign, strings.Join(added, ", "))
	}
	return places, nil
}

// checkPositions reports whether the inputs still hold what follows a lane's
// positions.
func (s *Source) checkPositions(l *lane.Lane, st lane.Standing, ranges map[string]map[int32]checkpoint.Range) error {
	for i, topic := range s.inputs() {
		r := ranges[topic][l.Partition()]
		position, _ := l.Position(i)
		switch {
		case position > r.End:
			return fmt.Errorf("%w: %s/%d ends with offset %d, and the state stands at %d: the topic was created anew, or its "+
				"newest records were lost; restore it, or, %s", ErrForeign, topic, l.Partition(), r.End, position, s.Anew())
		case position < r.Start:
			return LostUnread(topic, l.Partition(), position, r.Start)
		case st.Known && !st.Has[i] && l.TopicID(i) == [16]byte{} && position > 0:
			return fmt.Errorf("%w: the group has no committed offset for %s/%d, and the state stands at %d: the topic was "+
				"created "+
				"anew; restore it, or, %s", ErrForeign, topic, l.Partition(), position, s.Anew())
		}
	}
	return nil
}

// LostUnread says that records were deleted before they were read.
func LostUnread(topic string, partition int32, position, start int64) error {
	return fmt.Errorf("read %s/%d: %w: offsets %d to %d were deleted by retention before they were read; "+
		"restore them, or "+
		"go on without them: stop, and run `holdfast offsets skip --input %s/%d`, which counts what is lost",
		topic, partition, ErrLostUnread, position, start-1, topic, partition)
}

// ErrLostUnread says that records were deleted unread.
var ErrLostUnread = errors.New("records are lost")

// newEpoch is the epoch of a life that begins now: later beginnings have
// greater ones, so the rows of a later life are newer than all of an earlier
// one. It counts units of four seconds since 2020, which 28 bits hold to 2054.
func newEpoch(wall event.Instant) uint32 {
	const since2020 = 1_577_836_800 * event.Second
	return uint32(max(wall-since2020, 0) / (4 * event.Second))
}
