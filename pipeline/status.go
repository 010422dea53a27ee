package pipeline

import "sync"

// status is what the probes say: ready or why not, and the last trouble.
type status struct {
	mu      sync.Mutex
	ready   bool
	reason  string
	trouble string
	// sessions describe the backfills that are open.
	sessions []string
}

func (s *status) set(ready bool, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready, s.reason = ready, reason
}

// interrupt says why a pipeline that was ready is so no longer; a reason that
// stands already says more.
func (s *status) interrupt(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready {
		s.ready, s.reason = false, reason
	}
}

// note keeps the last trouble that was answered without stopping.
func (s *status) note(part string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = part + ": " + err.Error()
}

func (s *status) lastTrouble() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble == "" {
		return "none"
	}
	return s.trouble
}

// Ready says whether every assigned shard is restored and at work; if not, why.
func (p *Pipeline) Ready() (ready bool, reason string) {
	p.status.mu.Lock()
	defer p.status.mu.Unlock()
	return p.status.ready, p.status.reason
}
