package shard

import (
	"encoding/binary"
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// The opaque section, with varints, and instants as spans:
//
//	version u8
//	which of the instants of the policy's state follow u8 | these
//	last purchase day as judged | alerts raised | flags u8 | level u8 |
//	ladder told u8 | level told u8
//	repeat purchases, first and last purchase day of the crossings |
//	five crossing days: 0 for never, else one more than the days (in zigzag)
//	since the last purchase
//	episodes until the end of the section: what follows u8 | kind u8, its
//	highest bit where it is about a subject | level u8 | the subject u64 |
//	number | seq | raised at | the rest by its bits, instants as
//	spans since it was raised; the suppression has three bits beside it, see
//	ofThePast
const (
	standingVersion = 2

	// maxEpisodes is how many alert episodes a record keeps, at most one a kind, and two a
	// remembered complaint.
	maxEpisodes = 48
	// longestStanding and longestEpisode are the most that the parts take, in bytes.
	longestStanding = 128
	longestEpisode  = 3 + 8 + 2*5 + 4*10 + 10 + 2
)

// A full standing fits the section.
const _ = uint(state.MaxOpaque - longestStanding - maxEpisodes*longestEpisode)

const (
	episodeOpen = 1 << iota
	episodeHoldout
	episodeRepeated // its latest message is not the first
	episodeCools
	episodeReasons
	episodeSuppressed
	episodeFeedback
)

// Beside the suppression: whether the episode is of the past, whether it was so in
// the present, and whether it was
// told though it had been raised before, undelivered: when follows.
const (
	lateThen     = 1 << 5
	ofThePast    = 1 << 6
	toldStanding = 1 << 7
)

// episodeHasSubject is a bit of the kind.
const episodeHasSubject = 1 << 7

func (st *standing) append(out []byte) []byte {
	p := &st.state
	out = append(out, standingVersion, 0)
	which := len(out) - 1
	for bit, at := range [...]event.Instant{p.AtRiskSince, p.CriticalSince, p.LostSince, p.ReactivatedAt} {
		if at != 0 {
			out[which] |= 1 << bit
			out = state.AppendSpan(out, at)
		}
	}
	out = state.AppendDay(out, p.LastPurchaseDay)
	out = binary.AppendUvarint(out, uint64(p.Raised))
	out = append(out, uint8(p.Flags), uint8(p.Level), uint8(p.LadderTold), uint8(p.Told))
	out = st.crossings.append(out)
	for i := range st.episodes {
		out = appendEpisode(out, &st.episodes[i])
	}
	return out
}

func (k *crossingsKept) append(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(k.x))
	out = state.AppendDay(state.AppendDay(out, k.firstDay), k.lastDay)
	for _, day := range [...]event.Day{k.days.Watch, k.days.AtRisk, k.days.Critical, k.days.Lost, k.days.Overdue} {
		if day == score.Never {
			out = append(out, 0)
			continue
		}
		since := int64(day) - int64(k.lastDay)
		out = binary.AppendUvarint(out, uint64(since<<1^since>>63)+1)
	}
	return out
}

func (k *crossingsKept) read(r *state.Reader) {
	k.x = uint32(r.UpTo(math.MaxUint32))
	k.firstDay, k.lastDay = r.Day(), r.Day()
	for _, day := range [...]*event.Day{&k.days.Watch, &k.days.AtRisk, &k.days.Critical, &k.days.Lost, &k.days.Overdue} {
		*day = score.Never
		if v := r.UpTo(1 << 34); v > 0 {
			v--
			*day = k.lastDay + event.Day(int64(v>>1)^-int64(v&1))
		}
	}
}

func appendEpisode(out []byte, e *policy.Episode) []byte {
	out = append(out, 0, uint8(e.Kind), uint8(e.Level))
	which := len(out) - 3
	if e.Subject != 0 {
		out[which+1] |= episodeHasSubject
		out = binary.LittleEndian.AppendUint64(out, e.Subject)
	}
	out = binary.AppendUvarint(out, uint64(e.Number))
	out = binary.AppendUvarint(out, uint64(e.Seq))
	out = state.AppendSpan(out, e.RaisedAt)
	if e.Open {
		out[which] |= episodeOpen
	}
	if e.Holdout {
		out[which] |= episodeHoldout
	}
	if e.MessageAt != e.RaisedAt {
		out[which] |= episodeRepeated
		out = state.AppendSpan(out, e.MessageAt-e.RaisedAt)
	}
	if e.CooldownUntil != 0 {
		out[which] |= episodeCools
		out = state.AppendSpan(out, e.CooldownUntil-e.RaisedAt)
	}
	if e.Reasons != 0 {
		out[which] |= episodeReasons
		out = binary.AppendUvarint(out, uint64(e.Reasons))
	}
	how := uint8(e.Suppression)
	if e.Past {
		how |= ofThePast
	}
	if e.Late {
		how |= lateThen
	}
	if e.ToldAt != 0 {
		how |= toldStanding
	}
	if how != 0 {
		out[which] |= episodeSuppressed
		out = append(out, how)
	}
	if e.ToldAt != 0 {
		out = state.AppendSpan(out, e.ToldAt-e.RaisedAt)
	}
	if e.Feedback != 0 {
		out[which] |= episodeFeedback
		out = append(out, uint8(e.Feedback))
	}
	return out
}

// read reads the section; what it cannot read is zero, and no more episodes
// follow.
func (st *standing) read(r *state.Reader) {
	if r.Byte() != standingVersion {
		return
	}
	p := &st.state
	which := r.Byte()
	for bit, at := range [...]*event.Instant{&p.AtRiskSince, &p.CriticalSince, &p.LostSince, &p.ReactivatedAt} {
		if which&(1<<bit) != 0 {
			*at = r.Span()
		}
	}
	p.LastPurchaseDay = r.Day()
	p.Raised = uint32(r.UpTo(math.MaxUint32))
	p.Flags, p.Level = policy.Flags(r.Byte()), signal.Level(r.Byte())
	p.LadderTold, p.Told = signal.Ladder(r.Byte()), signal.Level(r.Byte())
	st.crossings.read(r)
	for r.More() && len(st.episodes) < maxEpisodes {
		var e policy.Episode
		if readEpisode(r, &e); r.Bad() {
			return
		}
		st.episodes = append(st.episodes, e)
	}
}

func readEpisode(r *state.Reader, e *policy.Episode) {
	which := r.Byte()
	kind := r.Byte()
	e.Kind, e.Level = policy.Kind(kind&^episodeHasSubject), signal.Level(r.Byte())
	if kind&episodeHasSubject != 0 {
		e.Subject = r.Uint64()
	}
	e.Number, e.Seq = uint32(r.UpTo(math.MaxUint32)), uint32(r.UpTo(math.MaxUint32))
	e.RaisedAt = r.Span()
	e.Open, e.Holdout = which&episodeOpen != 0, which&episodeHoldout != 0
	e.MessageAt = e.RaisedAt
	if which&episodeRepeated != 0 {
		e.MessageAt += r.Span()
	}
	if which&episodeCools != 0 {
		e.CooldownUntil = e.RaisedAt + r.Span()
	}
	if which&episodeReasons != 0 {
		e.Reasons = signal.ReasonMask(r.Uvarint())
	}
	if which&episodeSuppressed != 0 {
		how := r.Byte()
		e.Suppression = signal.Suppression(how &^ (toldStanding | ofThePast | lateThen))
		e.Past, e.Late = how&ofThePast != 0, how&lateThen != 0
		if e.Suppression == signal.SuppressedReplay { // as an older writer says it
			e.Suppression, e.Past = signal.NotSuppressed, true
		}
		if how&toldStanding != 0 {
			e.ToldAt = e.RaisedAt + r.Span()
		}
	}
	if which&episodeFeedback != 0 {
		e.Feedback = event.Outcome(r.Byte())
	}
}
