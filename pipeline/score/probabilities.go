package score

// Probabilities computes what every judgement needs. Without a purchase both
// are 0. O(1).
func (p *Parameters) Probabilities(s *Statistics) Probabilities { return Probabilities{} }

// Crossings computes the days on which silence crosses each threshold; see the
// type. Without a purchase all are Never. The cost is a few evaluations of
// P(alive): compute it when a purchase day changes, not at every event.
func (p *Parameters) Crossings(s *Statistics) Crossings { return Crossings{} }

// Scores computes everything for a row or an alert into out, which it overwrites.
func (p *Parameters) Scores(s *Statistics, out *Scores) {}
