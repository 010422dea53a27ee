package txn

import (
	"errors"
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/restore"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// TestDeletedUnreadIsRefusedAtOnce, by what the log starts say, before any fetch does.
func TestDeletedUnreadIsRefusedAtOnce(t *testing.T) {
	inputs := []lane.Input{{Topic: "t", Decode: decode.Config{Type: event.Visit}}}
	l, err := lane.New(0, &lane.Config{Inputs: inputs,
		Shard: shard.Config{Parameters: &score.Parameters{}, Zone: shard.NewZone(time.UTC)}})
	if err != nil {
		t.Fatal(err)
	}
	l.BeginAfresh([]int64{7}, 1)
	l.Begin(time.Now())
	s := &session{p: &Process{cfg: Config{Config: lane.Config{Inputs: inputs}}}, lanes: []*lane.Lane{l}}
	for start, lost := range map[int64]bool{0: false, 7: false, 8: true} {
		asked := &lane.LogEnds{Ends: []map[int32]checkpoint.Range{{0: {Start: start, End: 9}}}}
		if err := s.checkUnread(asked); errors.Is(err, restore.ErrLostUnread) != lost {
			t.Errorf("the log begins with %d, and 7 is next: %v", start, err)
		}
	}
	if err := s.checkUnread(nil); err != nil {
		t.Error(err)
	}
}
