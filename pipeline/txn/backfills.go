package txn

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
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
				open = append(open, fmt.Sprintf("backfill %s is open: %s; silence waits for its end "+
					"(if it was given up: holdfast backfill --close %s)", b.ID, through, b.ID))
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

func timeOf(at event.Instant) string {
	return time.UnixMicro(int64(at)).UTC().Format(time.RFC3339)
}
