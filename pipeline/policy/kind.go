package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Kind is what an alert is about: the number by which records keep it. It is given
// once and never again to another kind, not even after its own has gone; nothing
// else follows from it but that kinds raised at one moment are taken in its order.
type Kind uint8

// kind is all there is to say of one kind of alert. Each has a file of its own.
type kind struct {
	id     Kind
	name   string // as published
	family string // as published
	topic  signal.AlertTopic

	// onSilence: the alert rests on silence alone, so that too little data, or a
	// customer who never came back, speaks against it. At most one of these kinds
	// is open at a time.
	onSilence bool
	// service: it is about something that the customer asked for, and no marketing:
	// neither consent to that nor the holdout arm speaks against it.
	service bool
	// once: it has one message, and is closed with it; second_purchase may be taken back.
	once bool

	// watches are the reasons whose change an open alert tells of; none by default.
	watches signal.ReasonMask
	// lead is the reason that is told first, in the words that tell returns (its
	// code is filled in); it is told instead of replaces, which says the same in
	// other words. Without a lead the strongest contribution comes first.
	lead     signal.ReasonCode
	tell     func(c *Config, s *score.Statistics, sc *score.Scores) signal.Reason
	replaces signal.ReasonCode
	// play is the shipped play of the lead; without a lead the reasons have theirs.
	play signal.Play

	// kept is how long after it was raised an episode that has ended and cooled down
	// is remembered, because its message may have to be taken back; 0: not at all.
	kept event.Instant
	// cooldown is how long none of the kind is raised after one has ended.
	cooldown func(*Config) event.Instant

	// judge brings the alert of the kind to the present: openWhileHeld, tellOnce,
	// judgeSecondPurchase,
	// judgeSilence or judgeComplaintTimes. holds is its condition, note what is remembered when it is
	// raised, and over why it is resolved once the condition has gone.
	judge func(*judgement, *kind)
	holds func(*judgement) bool
	note  func(*judgement)
	over  func(*judgement) signal.ResolveReason
	// since is when what holds began, where that may lie before it is judged: an
	// event may tell of the past. What is older than Config.MaxEventAge then is
	// recorded and not delivered, unless stands lets it be told later.
	since func(*judgement) event.Instant

	// stands reports whether the ground of an open alert that was not delivered, because
	// it was of the past, is still there, so that it is told once the present is reached;
	// nil where it never is.
	stands func(*judgement, *Episode) bool

	// wake says when to look again, where nothing is heard till then: every moment
	// at which holds may change by time alone. Without one nobody would come, so a
	// kind must have it; onlyByEvents says that there is no such moment.
	wake func(*judgement, *earliest)
}

// kinds is the table, by number; the order of these lines means nothing.
var kinds = [...]kind{
	0:                    {cooldown: commonCooldown}, // stands for every number that nobody has
	ChurnRisk:            churnRisk,
	SilentChurn:          silentChurn,
	ComplaintSLABreached: complaintSLABreached,
	ComplaintRepeat:      complaintRepeat,
	SecondPurchase:       secondPurchase,
	LadderUp:             ladderUp,
	Reactivated:          reactivated,
}

// KindCount is above every Kind: arrays are indexed by Kind. A customer has at
// most one episode of each, but for those that have one for each Episode.Subject.
const KindCount = len(kinds)

// kindOf is what there is to say of a kind: of a number that nobody has, as in the
// record of a newer writer, only the common cooldown. It takes the table, because
// the kinds in it may not know the table that they are in.
func kindOf(table []kind, id Kind) *kind {
	if int(id) >= len(table) || table[id].cooldown == nil {
		return &table[0]
	}
	return &table[id]
}

// String returns the published name, "" for a number that nobody has.
func (v Kind) String() string { return kindOf(kinds[:], v).name }

// Published returns what is published of a kind.
func (v Kind) Published() signal.AlertKind {
	k := kindOf(kinds[:], v)
	return signal.AlertKind{Name: k.name, Family: k.family, Topic: k.topic}
}

// Kinds returns all kinds by rising number.
func Kinds() []Kind {
	var all []Kind
	for i := range kinds {
		if kinds[i].name != "" {
			all = append(all, Kind(i))
		}
	}
	return all
}

// Lead is the reason that an alert of the kind tells first, of the customer that
// the statistics and their scores describe.
func (c *Config) Lead(v Kind, s *score.Statistics, sc *score.Scores) score.Lead {
	k := kindOf(kinds[:], v)
	if k.lead == signal.ReasonNone {
		return score.Lead{}
	}
	lead := score.Lead{Reason: k.tell(c, s, sc), Replaces: k.replaces, Alone: k.once}
	lead.Reason.Code = k.lead
	return lead
}

// DefaultPlays are the shipped plays, those of the kinds among them.
func DefaultPlays() signal.Plays {
	plays := signal.DefaultPlays()
	for i := range kinds {
		if k := &kinds[i]; k.lead != signal.ReasonNone {
			plays[k.lead] = k.play
		}
	}
	return plays
}

// commonCooldown is the cooldown of every kind that has none of its own.
func commonCooldown(c *Config) event.Instant { return c.Cooldown }

// onlyByEvents is the wake of a kind whose condition time alone does not bring. The
// ends of cooldown and expiry are looked at for every kind.
func onlyByEvents(*judgement, *earliest) {}
