package policy

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Families, as published.
const (
	churnFamily   = "churn"
	loyaltyFamily = "loyalty"
)

// complaintReasons are the reasons that matter to an alert about a complaint.
var complaintReasons = signal.ReasonMask(0).
	With(signal.OpenComplaint).With(signal.RepeatComplaints).With(signal.ComplaintLate)

// day is the time to act by, as plays have it.
const day = signal.Instant(event.Day24h)

// raise opens an episode of the kind, in the place of a cooled one if there is
// one, and says so. One that has a single message is closed at once.
func (j *judgement) raise(k *kind, level signal.Level) {
	e := j.findSubject(k.id, j.subject)
	if e == nil {
		j.episodes = append(j.episodes, Episode{})
		e = &j.episodes[len(j.episodes)-1]
	}
	holdout := !k.service && j.c.InHoldout(j.f.CustomerID)
	j.st.Raised++
	*e = Episode{
		Subject: j.subject,
		Kind:    k.id, Open: true, Level: level, Number: j.st.Raised, RaisedAt: j.f.Now,
		Past: j.past(k), Late: j.past(k) && !j.longAgo(), Suppression: j.suppression(k, holdout), Holdout: holdout,
	}
	if k.once {
		e.Open = false
		e.CooldownUntil = j.f.Now + k.cooldown(j.c)
	}
	j.say(k, e, signal.Raised, level, signal.LevelNone, signal.ResolveNone)
}

// end closes an episode as resolved or expired.
func (j *judgement) end(k *kind, e *Episode, action signal.Action, why signal.ResolveReason) {
	e.Open = false
	e.CooldownUntil = j.f.Now + k.cooldown(j.c)
	j.say(k, e, action, j.st.Level, e.Level, why)
}

// say appends the next message of an episode.
func (j *judgement) say(
	k *kind, e *Episode, action signal.Action, level, previous signal.Level, why signal.ResolveReason,
) {
	e.Seq++
	e.MessageAt = j.f.Now
	e.Reasons = j.reasons(k)
	t := Transition{
		Subject: e.Subject,
		At:      j.f.Now, RaisedAt: e.RaisedAt, Episode: e.Number, Seq: e.Seq, Kind: e.Kind, Action: action,
		Level: level, PreviousLevel: previous, Resolve: why,
		Suppression: e.suppressed(), Standing: e.ToldAt != 0, Feedback: e.Feedback, Holdout: e.Holdout,
	}
	if !e.Open {
		t.CooldownUntil = e.CooldownUntil
	}
	e.Feedback = event.OutcomeNone
	j.out = append(j.out, t)
}

// suppressed is the first reason why the episode's messages are not delivered.
func (e *Episode) suppressed() signal.Suppression {
	if e.Past {
		return signal.SuppressedReplay
	}
	return e.Suppression
}

// reasons is the set of reasons that hold of those whose change an open alert of
// the kind tells of.
func (j *judgement) reasons(k *kind) signal.ReasonMask { return j.f.Reasons & k.watches }

// answered deals with what ends any open alert whatever its kind: the team's
// word, and a reason not to contact the customer any more (consent to marketing is
// none where the alert is one of service). It reports whether
// the episode is over.
func (j *judgement) answered(k *kind, e *Episode) bool {
	if j.f.Feedback != event.OutcomeNone && j.f.FeedbackEpisode == e.Number {
		switch j.f.Feedback {
		case event.OutcomeSaved, event.OutcomeLost, event.OutcomeWrong:
			j.end(k, e, signal.Resolved, signal.ByFeedback)
			return true
		case event.OutcomeAcknowledged, event.OutcomeContacted:
			e.Feedback = j.f.Feedback
		case event.OutcomeNone: // see above
		}
	}
	if e.Suppression == signal.NotSuppressed && (j.f.OptedOut && !k.service || j.f.DoNotRetain) {
		j.end(k, e, signal.Resolved, signal.BySuppression)
		return true
	}
	return false
}

// aged expires an alert that has been open too long, and tells of changed
// reasons, not more often than UpdateEvery. It reports whether the episode is over.
func (j *judgement) aged(k *kind, e *Episode) bool {
	if j.f.Now >= j.expiresAt(k, e) {
		j.end(k, e, signal.Expired, signal.ResolveNone)
		return true
	}
	if j.reasons(k) != e.Reasons && j.f.Now >= e.MessageAt+j.c.UpdateEvery {
		previous := e.Level
		e.Level = min(e.Level, j.st.Level) // what has fallen is told with it; what rises is told apart
		j.say(k, e, signal.Updated, e.Level, previous, signal.ResolveNone)
	}
	return false
}

// expiresAt is when an open alert will have been open too long. One that waits to
// be told does not expire: nobody has had the time to act on it.
func (j *judgement) expiresAt(k *kind, e *Episode) event.Instant {
	if k.onSilence && e.waits(j.st, j.f) {
		return Never
	}
	return max(e.RaisedAt, e.ToldAt) + j.c.Expiry
}
