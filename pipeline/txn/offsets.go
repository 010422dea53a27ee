package txn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// InputOffsets says where one partition of an input stands.
type InputOffsets struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Start     int64  `json:"log_start"`
	End       int64  `json:"log_end"`
	// Position is the next offset to apply, as the batch log says; -1 where
	// there is no state of it yet.
	Position int64 `json:"position"`
	// Committed is the group's offset; -1 where there is none. Positions are
	// taken from the batch log, never from it.
	Committed int64 `json:"committed"`
	// Lost are the offsets between the position and the log start: deleted unread.
	Lost int64 `json:"lost"`
	// Skipped are the offsets that were given up since the shard's beginning,
	// over all of its inputs.
	Skipped uint64 `json:"skipped"`
	// OtherTopic says that the position is one in another topic of this name: it was
	// deleted and made anew since, and `holdfast run` refuses it.
	OtherTopic bool `json:"other_topic"`
}

// Lag is how many offsets are still to be applied.
func (o InputOffsets) Lag() int64 {
	if o.OtherTopic {
		return o.End - o.Start
	}
	return max(o.End-max(o.Position, o.Start), 0)
}

// InputOffsets asks Kafka where every partition of every input stands. It
// changes nothing, and may be called while an instance is at work.
func (p *Process) InputOffsets(ctx context.Context) ([]InputOffsets, error) {
	s, err := p.visit(ctx)
	if err != nil {
		return nil, err
	}
	defer s.reader.Close()
	ranges, err := checkpoint.EndOffsets(ctx, s.reader, p.cfg.topicNames())
	if err != nil {
		return nil, fmt.Errorf("ask for log starts and ends: %w", err)
	}
	committed, err := s.standings(ctx)
	if err != nil {
		return nil, err
	}
	var all []InputOffsets
	for n := range p.partitions {
		last, err := s.source.LastEntry(ctx, n)
		if err != nil {
			return nil, err
		}
		for i, topic := range p.cfg.topicNames() {
			r := ranges[topic][n]
			o := InputOffsets{Topic: topic, Partition: n, Start: r.Start, End: r.End, Position: -1, Committed: -1}
			if place := placeIn(last, topic); place >= 0 {
				at := &last.Inputs[place]
				o.Position, o.Skipped = at.To, shard.CountersOf(last.Counters).Skipped
				o.OtherTopic = isAnother(at.ID, s.topicIDs[topic])
				if !o.OtherTopic {
					o.Lost = max(r.Start-at.To, 0)
				}
			}
			if st := committed[n]; st.Known && st.Has[i] {
				o.Committed = st.Offsets[i]
			}
			all = append(all, o)
		}
	}
	slices.SortStableFunc(all, func(a, b InputOffsets) int { return strings.Compare(a.Topic, b.Topic) })
	return all, nil
}

// isAnother reports whether two ids are of different topics; brokers that give none
// leave it open.
func isAnother(a, b [16]byte) bool { return a != b && a != [16]byte{} && b != [16]byte{} }

// placeIn is the place of a topic among an entry's inputs; -1 where it is not.
func placeIn(e *checkpoint.Entry, topic string) int {
	if e == nil {
		return -1
	}
	return slices.IndexFunc(e.Inputs, func(r checkpoint.InputRange) bool { return r.Topic == topic })
}

// visit is a session that joins no group: it looks at topics and state.
func (p *Process) visit(ctx context.Context) (*session, error) {
	s := &session{p: p}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	if err := s.learnTopics(ctx); err != nil {
		s.reader.Close()
		return nil, err
	}
	return s, nil
}

// AwaitNoMembers waits until a group has no member, for as long as patience
// lasts: offsets are moved under no instance that works with them. say, where
// not nil, is told once what is waited for.
func AwaitNoMembers(ctx context.Context, cl *kgo.Client, group string, patience time.Duration, say func(string)) error {
	deadline, told := time.Now().Add(patience), say == nil
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		names, err := members(ctx, cl, group)
		switch {
		case err != nil:
			return struct{}{}, backoff.Permanent(err)
		case len(names) == 0:
			return struct{}{}, nil
		}
		who := strings.Join(names, ", ")
		if !time.Now().Before(deadline) {
			return struct{}{}, backoff.Permanent(fmt.Errorf("group %s has members (%s): stop them first; one that ended "+
				"without a word is forgotten after its session of %s, so try again then", group, who, DefaultSessionTimeout))
		}
		if !told {
			told = true
			say(fmt.Sprintf("waiting for the members of group %s to be gone: %s", group, who))
		}
		return struct{}{}, errors.New("the group has members")
	}, backoff.WithBackOff(backoff.NewConstantBackOff(250*time.Millisecond)), backoff.WithMaxElapsedTime(0))
	return err
}

// members names the members of a group: instance id, or client id, and host.
func members(ctx context.Context, cl *kgo.Client, group string) ([]string, error) {
	described, err := kadm.NewClient(cl).DescribeGroups(ctx, group)
	if err == nil {
		err = described.Error()
	}
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil, nil // nobody has joined it yet
	}
	if err != nil {
		return nil, fmt.Errorf("describe group %s: %w", group, err)
	}
	var names []string
	for _, m := range described[group].Members {
		name := m.ClientID
		if m.InstanceID != nil {
			name = *m.InstanceID
		}
		names = append(names, name+" at "+strings.TrimPrefix(m.ClientHost, "/"))
	}
	slices.Sort(names)
	return names, nil
}
