package restore_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/restore"
)

var another = [16]byte{9}

// TestWhatDoesNotBelongTogether is refused: each with what it is, and how to go on.
func TestWhatDoesNotBelongTogether(t *testing.T) {
	for _, c := range []struct {
		name   string
		make   func(*testing.T) *history
		change func(h *history)
		words  []string
	}{
		{"another group", stopped, func(h *history) { h.header(func(one *checkpoint.Header) { one.Group = "theirs" }) },
			[]string{"checkpoint holds the state of group theirs, and this is holdfast: set kafka.group to theirs"}},
		{"another batch log", stopped, func(h *history) {
			h.header(func(one *checkpoint.Header) { one.BatchLog.Topic = "log.v0" })
		}, []string{"written for topic log.v0, and batch-log is configured in its place: configure log.v0 again"}},
		{"another checkpoint topic", stopped, func(h *history) {
			h.header(func(one *checkpoint.Header) { one.Checkpoint.Topic = "pages.v0" })
		}, []string{"written for topic pages.v0, and checkpoint is configured in its place"}},
		{"a batch log made anew", stopped, func(h *history) {
			h.header(func(one *checkpoint.Header) { one.BatchLog.ID = another })
		}, []string{"topic batch-log was deleted and created anew", kadm.TopicID(another).String(), "restore the old topic"}},
		{"a checkpoint topic made anew", stopped, func(h *history) {
			h.header(func(one *checkpoint.Header) { one.Checkpoint.ID = another })
		}, []string{"topic checkpoint was deleted and created anew"}},
		{"other partitions", stopped, func(h *history) { h.cfg.Partitions = 4 },
			[]string{"written for 2 partitions and the inputs have 4 now"}},
		{"a group that is ahead", stopped, func(h *history) { h.standing.Mark.Batch++ },
			[]string{"the group stands at batch 3 and the batch log ends with 2: one of them was changed by hand"}},
		{"an input made anew", stopped, func(h *history) {
			h.entries(func(e *checkpoint.Entry) { e.Inputs[1].ID = another })
		}, []string{"topic visits was deleted and created anew"}},
		{"a renamed input", stopped, func(h *history) { h.rename("visits", "visits.v2") },
			[]string{"written for visits, and visits.v2 is configured in its place"}},
		{"an input fewer", stopped, func(h *history) { h.cfg.Inputs = h.cfg.Inputs[:1] },
			[]string{"written for visits, which is not configured any more: configure it again"}},
		{"an input more, with batches to replay", busy, func(h *history) { h.add("more") },
			[]string{"more is new among the inputs, and batches without it are still to be replayed"}},
		{"inputs in another order, with batches to replay", busy, func(h *history) {
			h.cfg.Inputs[0], h.cfg.Inputs[1] = h.cfg.Inputs[1], h.cfg.Inputs[0]
			h.standing.Offsets[0], h.standing.Offsets[1] = h.standing.Offsets[1], h.standing.Offsets[0]
		}, []string{"read batch 2", "it was cut from other inputs than are configured"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := c.make(t)
			c.change(h)
			h.put()
			for range 2 {
				_, err := h.restore()
				refused(t, err, restore.ErrForeign, c.words...)
				startsOver := !strings.Contains(c.name, "to replay")
				if err != nil && strings.Contains(err.Error(), anew) != startsOver {
					t.Errorf("says how to begin anew: want %v: %v", startsOver, err)
				}
			}
		})
	}
}

// rename configures another topic in the place of one.
func (h *history) rename(from, to string) {
	h.t.Helper()
	h.add(to)
	h.cfg.Inputs = slices.DeleteFunc(h.cfg.Inputs, func(in lane.Input) bool { return in.Topic == from })
}

// add makes a topic of one more input.
func (h *history) add(topic string) {
	h.t.Helper()
	made, err := kadm.NewClient(h.client).CreateTopic(h.t.Context(), partitions, 1, nil, topic)
	if err != nil {
		h.t.Fatal(err)
	}
	h.source.IDs[topic] = made.ID
	in := h.cfg.Inputs[0]
	in.Topic = topic
	h.cfg.Inputs = append(h.cfg.Inputs, in)
	h.standing.Offsets, h.standing.Has = append(h.standing.Offsets, 0), append(h.standing.Has, false)
}

// TestWhatMayChange between a stop and a start.
func TestWhatMayChange(t *testing.T) {
	for name, change := range map[string]func(h *history){
		"an input more":                        func(h *history) { h.add("more") },
		"brokers that give no ids of topics":   func(h *history) { clear(h.source.IDs) },
		"brokers that gave no ids of topics":   func(h *history) { h.withoutIDs() },
		"another configuration of the meaning": func(h *history) { h.cfg.ConfigHash++ },
		"a group that has forgotten its place": func(h *history) { h.standing = lane.Standing{} },
		"inputs in another order": func(h *history) {
			h.cfg.Inputs[0], h.cfg.Inputs[1] = h.cfg.Inputs[1], h.cfg.Inputs[0]
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := stopped(t)
			change(h)
			h.put()
			l, err := h.restore()
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]int64{"purchases": h.ends[0], "visits": h.ends[1]}
			for i := range h.cfg.Inputs {
				topic := h.cfg.Inputs[i].Topic
				if at, known := l.Position(i); at != want[topic] || !known {
					t.Errorf("%s is at %d, known %v, want %d", topic, at, known, want[topic])
				}
			}
			if stateOf(l) != stateOf(h.lane) || h.said.Len() > 0 {
				t.Errorf("the state is another one, or something is said: %s", &h.said)
			}
		})
	}
}

// withoutIDs lets the history be one of brokers that give no ids.
func (h *history) withoutIDs() {
	none := [16]byte{}
	h.header(func(one *checkpoint.Header) { one.BatchLog.ID, one.Checkpoint.ID = none, none })
	h.entries(func(e *checkpoint.Entry) { e.Inputs[0].ID, e.Inputs[1].ID = none, none })
}

// TestAReplayUnderAnotherConfigurationIsToldOf, and how many batches it is.
func TestAReplayUnderAnotherConfigurationIsToldOf(t *testing.T) {
	h := busy(t)
	h.cfg.ConfigHash++
	h.put()
	if _, err := h.restore(); err != nil {
		t.Fatal(err)
	}
	if said := h.said.String(); !strings.Contains(said, "written under another configuration") ||
		!strings.Contains(said, "batches=2") {
		t.Errorf("it says %q", said)
	}
}

// TestPositionsThatAreNotInTheLog: what was deleted unread, what was lost at the
// end, and a topic of the same name.
func TestPositionsThatAreNotInTheLog(t *testing.T) {
	for _, c := range []struct {
		name  string
		batch func(h *history)
		want  error
		words []string
	}{
		{"deleted unread", func(h *history) {
			h.moveTo(5)
			h.delete("purchases", 9)
		}, restore.ErrLostUnread, []string{"read purchases/1", "offsets 5 to 8 were deleted",
			"holdfast offsets skip --input purchases/1"}},
		{"an end that is lost", func(h *history) { h.moveTo(h.ends[0] + 1) }, restore.ErrForeign,
			[]string{fmt.Sprintf("purchases/1 ends with offset %d, and the state stands at %d", 2*perPage+15, 2*perPage+16),
				anew}},
		{"no offset, no id", func(h *history) {
			clear(h.source.IDs)
			h.withoutIDs()
			h.standing.Has[0] = false
		}, restore.ErrForeign, []string{"the group has no committed offset for purchases/1", anew}},
		{"at the end", func(h *history) { h.moveTo(h.ends[0]) }, nil, nil},
		{"at the start", func(h *history) {
			h.moveTo(9)
			h.delete("purchases", 9)
		}, nil, nil},
		{"no offset, and an id", func(h *history) { h.standing.Has[0] = false }, nil, nil},
		{"no offset and no id at the beginning", func(h *history) {
			clear(h.source.IDs)
			h.withoutIDs()
			h.moveTo(0)
			h.standing.Has[0] = false
		}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := stopped(t)
			c.batch(h)
			h.put()
			if _, err := h.restore(); c.want != nil {
				refused(t, err, c.want, c.words...)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// moveTo lets the state stand elsewhere in the purchases.
func (h *history) moveTo(offset int64) {
	move := func(e *checkpoint.Entry) { e.Inputs[0].From, e.Inputs[0].To = offset, offset }
	h.entries(move)
	h.header(func(one *checkpoint.Header) { move(&one.Entry) })
}

// delete deletes the records of a topic before an offset.
func (h *history) delete(topic string, before int64) {
	h.t.Helper()
	if err := h.cluster.DeleteRecords(topic, ours, before); err != nil {
		h.t.Fatal(err)
	}
}
