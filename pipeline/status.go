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
	// model says whether the model rests on enough, or what is missing.
	model   string
	inForce string // what customers are scored by
	enough  bool   // that is enough to tell anybody of
	untold  int    // customers who wait to be told of
	// quiet are the inputs that have broken off.
	quiet []string
	// low are those of visits that bring much less than usual.
	low []string
}

// Ready notes whether all is at work; if not, why.
func (s *status) Ready(ready bool, reason string) {
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

// Trouble keeps the last trouble that was answered without stopping.
func (s *status) Trouble(part string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = part + ": " + err.Error()
}

// LastTrouble returns it in words.
func (s *status) LastTrouble() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble == "" {
		return "none"
	}
	return s.trouble
}

// Sessions keeps which backfills are open.
func (s *status) Sessions(open []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = open
}

// setInForce keeps what customers are scored by.
func (s *status) setInForce(text string, enough bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inForce, s.enough = text, enough
}

// setUntold keeps how many customers wait to be told of.
func (s *status) setUntold(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.untold = n
}

// setModel keeps what came of the last fit.
func (s *status) setModel(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.model = text
}

func (s *status) isReady() (ready bool, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready, s.reason
}

// Ready reports whether every assigned shard is restored and at work; if not, why.
func (p *Pipeline) Ready() (ready bool, reason string) { return p.observer.isReady() }

// Sessions describes the backfill sessions that are open, each once.
func (p *Pipeline) Sessions() []string {
	p.observer.mu.Lock()
	defer p.observer.mu.Unlock()
	return p.observer.sessions
}

// Model says by its data sufficiency whether what customers are scored by is
// enough to tell anybody of, and what came of the last fit of this life; empty
// where nothing is known yet.
func (p *Pipeline) Model() string {
	p.observer.mu.Lock()
	defer p.observer.mu.Unlock()
	if p.observer.inForce == "" || p.observer.model == "" {
		return p.observer.inForce + p.observer.model
	}
	return p.observer.inForce + "; " + p.observer.model
}

// ModelEnough reports whether what customers are scored by is enough to tell anybody of.
func (p *Pipeline) ModelEnough() bool {
	p.observer.mu.Lock()
	defer p.observer.mu.Unlock()
	return p.observer.enough
}

// Waiting is the number of customers with an alert that was not delivered when it was
// raised and waits for its turn to be told; 0 until the present is reached.
func (p *Pipeline) Waiting() int {
	p.observer.mu.Lock()
	defer p.observer.mu.Unlock()
	return p.observer.untold
}

// setQuiet keeps which inputs have broken off, and which have in part.
func (s *status) setQuiet(topics, low []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quiet, s.low = topics, low
}

// Quiet returns the topics of the inputs that have broken off against their own
// rhythm while others flow.
func (p *Pipeline) Quiet() []string {
	p.observer.mu.Lock()
	defer p.observer.mu.Unlock()
	return p.observer.quiet
}

// Low returns the topics of visits that bring much less in a shard than on the same
// weekdays before.
func (p *Pipeline) Low() []string {
	p.observer.mu.Lock()
	defer p.observer.mu.Unlock()
	return p.observer.low
}
