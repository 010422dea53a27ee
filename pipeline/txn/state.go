package txn

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// What a session, a partition number and the commit at hand may become is drawn
// in docs/design.md and held here: a step that is not in the drawing is a mistake
// of ours, and panics.

// machine is the steps that a state may take, by the state it is in.
type machine[S comparable] map[S][]S

// step returns the next state, and panics where the drawing has no such step.
func (m machine[S]) step(from, to S) S {
	if !slices.Contains(m[from], to) {
		panic(fmt.Sprintf("no step leads from %v to %v", from, to))
	}
	return to
}

// sessionState is where one client's life is.
type sessionState int32

const (
	connecting sessionState = iota // finds the brokers and the topics
	joining                        // a member of the group soon; commits of before are decided
	working                        // polls, applies, commits
	stopping                       // a clean stop was asked for: writes what is left
	leaving                        // ends, and gives its place in the group up
	parting                        // ends, and keeps its place: it comes back, or another client does
	closed
)

// String returns the name of the state.
func (s sessionState) String() string {
	return [...]string{"connecting", "joining", "working", "stopping", "leaving", "parting", "closed"}[s]
}

var sessionSteps = machine[sessionState]{
	connecting: {joining, parting},
	joining:    {working, parting},
	working:    {stopping, leaving, parting},
	stopping:   {leaving, parting},
	leaving:    {closed},
	parting:    {closed},
}

// sessionLife is a session's state. The loop moves it, callbacks of the client look.
type sessionLife struct{ at atomic.Int32 }

func (l *sessionLife) state() sessionState { return sessionState(l.at.Load()) }

func (l *sessionLife) become(to sessionState) { l.at.Store(int32(sessionSteps.step(l.state(), to))) }

// over reports whether the loop has ended: what the group says is heard no more.
func (l *sessionLife) over() bool { return l.state() >= leaving }

// commitState is what is known of the commit at hand.
type commitState uint8

const (
	applying   commitState = iota // batches are applied; nothing of them is written
	committing                    // it is prepared, and its transaction may be under way
	unresolved                    // nobody told how it ended: the group's offsets decide
)

// String returns the name of the state.
func (s commitState) String() string { return [...]string{"applying", "committing", "unresolved"}[s] }

var commitSteps = machine[commitState]{
	applying:   {applying, committing, unresolved}, // an abort may end with nobody knowing, too
	committing: {applying, unresolved},
	unresolved: {applying},
}

// partitionState is where a partition number of this session is.
type partitionState uint8

const (
	absent    partitionState = iota // not ours
	waiting                         // ours, reading is paused, and nothing is done for it yet
	restoring                       // its shard is on its way
	reading                         // its lane is read for
	lost                            // taken away, and the loop has not let go of it yet
	regained                        // taken away and given back meanwhile: another may have worked on it
)

// String returns the name of the state.
func (s partitionState) String() string {
	return [...]string{"absent", "waiting", "restoring", "reading", "lost", "regained"}[s]
}

var partitionSteps = machine[partitionState]{
	absent:    {waiting, lost},
	waiting:   {restoring, lost},
	restoring: {reading, lost},
	reading:   {lost},
	lost:      {regained, absent},
	regained:  {lost, waiting},
}

// partitions are the partition numbers of a session. The group's callbacks give
// and take them, the loop does the rest.
type partitions struct {
	mu sync.Mutex
	at map[int32]partitionState // without those that are absent
}

func newPartitions() *partitions { return &partitions{at: map[int32]partitionState{}} }

// become moves one; mu is held.
func (p *partitions) become(n int32, to partitionState) {
	if p.at[n] = partitionSteps.step(p.at[n], to); to == absent {
		delete(p.at, n)
	}
}

// give notes that the group has assigned a number, for one of the inputs or all.
func (p *partitions) give(n int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.at[n] {
	case absent:
		p.become(n, waiting)
	case lost:
		p.become(n, regained)
	case waiting, restoring, reading, regained: // it is ours already
	}
}

// takeAway notes that the group has revoked a number, or that it was lost.
func (p *partitions) takeAway(n int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at[n] != lost {
		p.become(n, lost)
	}
}

// letGo returns the numbers that were taken away since it was last called, and
// whether each has come back: those wait again, the others are absent.
func (p *partitions) letGo() (gone map[int32]bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, state := range p.at {
		if state != lost && state != regained {
			continue
		}
		if gone == nil {
			gone = map[int32]bool{}
		}
		if gone[n] = state == regained; gone[n] {
			p.become(n, waiting)
		} else {
			p.become(n, absent)
		}
	}
	return gone
}

// waiting returns the numbers for which nothing is done yet.
func (p *partitions) waiting() (all []int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, state := range p.at {
		if state == waiting {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all
}

// restore notes that a number's shard is on its way; false where it was taken
// away meanwhile.
func (p *partitions) restore(n int32) bool { return p.advance(n, waiting, restoring) }

// read notes that a number is read for; false where it was taken away meanwhile.
func (p *partitions) read(n int32) bool { return p.advance(n, restoring, reading) }

func (p *partitions) advance(n int32, from, to partitionState) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at[n] != from {
		return false
	}
	p.become(n, to)
	return true
}
