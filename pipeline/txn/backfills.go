package txn

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
)

// sessionsOpen notes which sessions are open, for the probes.
func (s *session) sessionsOpen() int {
	var open []string
	ids := map[string]bool{}
	for _, l := range s.lanes {
		for i, all := 0, l.Sessions(); i < len(all); i++ {
			if b := &all[i]; !ids[b.ID] {
				ids[b.ID] = true
				through := "nothing yet"
				if b.Through != 0 {
					through = "events up to " + timeOf(event.Instant(b.Through))
				}
				open = append(open, fmt.Sprintf("backfill %s is open: %s; silence waits for its end (if it was stopped: send the "+
					"same file again, it goes on by itself%s; if it was given up: holdfast backfill --close %s)",
					b.ID, through, s.skipOf(b.ID), b.ID))
			}
		}
	}
	slices.Sort(open)
	s.p.cfg.Observer.Sessions(open)
	before := s.open
	s.open = len(open)
	switch {
	case before == 0 && len(open) > 0:
		s.p.cfg.Logger.Info("a backfill is on its way; silence waits for its end", "sessions", len(open))
	case before > 0 && len(open) == 0:
		s.p.cfg.Logger.Info("no backfill is open any more; silence counts again")
	}
	return len(open)
}

// skipOf says how many of a session's events are acknowledged, as every shard
// has heard by now; "" where none has.
func (s *session) skipOf(id string) string {
	var least *lane.Sent
	for _, l := range s.lanes {
		for i, all := 0, l.Sent(); i < len(all); i++ {
			if told := &all[i]; told.Session == id && (least == nil || told.Sent < least.Sent) {
				least = told
			}
		}
	}
	if least == nil {
		return ""
	}
	return fmt.Sprintf(" behind event %d of %d, as --skip %d would", least.Sent, least.Events, least.Sent)
}

func timeOf(at event.Instant) string {
	return time.UnixMicro(int64(at)).UTC().Format(time.RFC3339)
}
