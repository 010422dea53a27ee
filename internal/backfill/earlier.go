package backfill

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
)

// Offsets are positions of topics, by topic and partition.
type Offsets map[string]map[int32]int64

// Earlier is a session as the records of the internal topic tell of it.
type Earlier struct {
	ID      string
	Content string // as Plan.Content; "" of an older release, which did not say
	File    string
	Begun   event.Instant // when its sending began
	Seen    event.Instant // when it was last heard of
	Events  int64
	Sent    int64 // the first events, acknowledged; what follows may have been sent too
	Open    bool
	Ended   bool // everything is sent and acknowledged
	// From is behind what lies the rest of what it has sent, if anything.
	From Offsets
}

// Sessions are the sessions that the internal topic still tells of.
type Sessions []Earlier

// ReadSessions reads the internal topic from its beginning. Memory is bounded by
// the number of sessions.
func ReadSessions(ctx context.Context, client *kgo.Client, internal string) (Sessions, error) {
	ends, err := checkpoint.EndOffsets(ctx, client, []string{internal})
	if err != nil {
		return nil, fmt.Errorf("ask for the ends of %s: %w", internal, err)
	}
	told := map[string]*telling{}
	for partition, bounds := range ends[internal] {
		_, err := checkpoint.ReadRange(ctx, client, checkpoint.ReadRangeOptions{
			Topic: internal, Partition: partition, From: bounds.Start, To: bounds.End, SkipToLogStart: true,
			Isolation: checkpoint.ReadUncommitted, // control records are in no transaction
		}, func(r *kgo.Record) error {
			// Others write to this topic as well; what is no control record is
			// refused by the instance.
			if c, err := control.Parse(r.Value); err == nil {
				hear(told, partition, &c, event.Instant(r.Timestamp.UnixMicro()))
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look for earlier backfills: %w", err)
		}
	}
	var sessions Sessions
	for id, t := range told {
		sessions = append(sessions, t.summary(id))
	}
	slices.SortFunc(sessions, func(a, b Earlier) int {
		return cmp.Or(cmp.Compare(a.Begun, b.Begun), cmp.Compare(a.ID, b.ID))
	})
	return sessions, nil
}

// Of returns the latest session that sends a content, one of the same file's name
// before others; nil if there is none.
func (s Sessions) Of(content, file string) *Earlier {
	var found *Earlier
	for i := range s {
		e := &s[i]
		if e.Content == content && content != "" && (found == nil || found.File != file || e.File == file) {
			found = e
		}
	}
	return found
}

// Open returns the names of the sessions that are open.
func (s Sessions) Open() (names []string) {
	for i := range s {
		if s[i].Open {
			names = append(names, s[i].ID)
		}
	}
	return names
}

// telling is what the records of one session say, by partition.
type telling struct {
	latest control.Record
	seen   event.Instant
	shards map[int32]*toldShard
}

// toldShard is how far a session has come on one partition. A sender that is
// killed while it writes has written of the last stretch to some partitions
// only, so the one before is kept too.
type toldShard struct {
	begun        int64
	last, before stage
	open, ended  bool
}

// stage is a stretch's end.
type stage struct {
	known   bool
	sent    int64
	offsets map[string]int64
}

// hear takes a record in.
func hear(told map[string]*telling, partition int32, c *control.Record, at event.Instant) {
	switch c.Kind {
	case control.BackfillOpened, control.BackfillReached, control.BackfillClosed:
	default:
		return
	}
	if c.Session == control.AllSessions {
		for _, t := range told {
			t.shard(partition).open = false
		}
		return
	}
	t := told[c.Session]
	if t == nil {
		t = &telling{shards: map[int32]*toldShard{}}
		told[c.Session] = t
	}
	t.seen = max(t.seen, at)
	s := t.shard(partition)
	if c.Kind == control.BackfillClosed {
		s.open = false
		if c.Content == "" { // given up
			return
		}
	}
	if c.Begun >= t.latest.Begun {
		t.latest = *c
	}
	s.hear(c)
}

func (t *telling) shard(partition int32) *toldShard {
	if t.shards[partition] == nil {
		t.shards[partition] = &toldShard{}
	}
	return t.shards[partition]
}

func (s *toldShard) hear(c *control.Record) {
	if c.Begun != s.begun {
		*s = toldShard{begun: c.Begun}
	}
	s.open = c.Kind != control.BackfillClosed
	s.ended = s.ended || c.Kind == control.BackfillClosed && c.Sent == c.Events
	if s.last.known && c.Sent <= s.last.sent {
		return // opened again: what was sent lies behind the first record of a stage
	}
	s.before, s.last = s.last, stage{known: true, sent: c.Sent, offsets: map[string]int64{}}
	for i, topic := range c.Topics {
		if i < len(c.Offsets) {
			s.last.offsets[topic] = c.Offsets[i]
		}
	}
}

// summary joins what is told on the partitions: as much is sent as all of them
// say. One partition's word that it has ended is enough, since everything was
// acknowledged before; where others have not heard it, it is open as well.
func (t *telling) summary(id string) Earlier {
	e := Earlier{ID: id, Content: t.latest.Content, File: t.latest.File, Events: t.latest.Events, Sent: t.latest.Sent,
		Begun: event.Instant(t.latest.Begun), Seen: t.seen, From: Offsets{}}
	for _, s := range t.shards {
		e.Open = e.Open || s.open
		if s.begun == t.latest.Begun && s.last.known {
			e.Sent = min(e.Sent, s.last.sent)
			e.Ended = e.Ended || s.ended
		}
	}
	for partition, s := range t.shards {
		if s.begun == t.latest.Begun {
			e.from(partition, s)
		}
	}
	return e
}

// from notes behind which offsets of a partition more than Sent events may lie.
func (e *Earlier) from(partition int32, s *toldShard) {
	at := s.last
	if at.sent > e.Sent {
		at = s.before
	}
	for topic, offset := range at.offsets {
		if e.From[topic] == nil {
			e.From[topic] = map[int32]int64{}
		}
		e.From[topic][partition] = offset
	}
}
