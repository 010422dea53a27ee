package signal

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Alert is one message of an alert's life as it lies on the alert topics. The
// JSON form is AppendJSON's, the schema that of schemas/alerts. Money is minor
// units. CustomerID is read only while a method runs.
type Alert struct {
	AlertID string // AlertID of customer, kind and episode
	Kind    AlertKind
	Action  Action
	Seq     uint32        // alert_seq: 1, 2, … within the alert
	Resolve ResolveReason // ResolveNone unless resolved
	// Feedback is what the team said since the message before: acknowledged or
	// contacted; "" nothing.
	Feedback string

	CustomerID []byte
	Tier       string // "" while no cut points are in force
	ABCClass   string // "" while no cut points are in force
	Segment    string
	TimeZone   string

	Level          Level
	PreviousLevel  Level
	PAlive         Null[float64]
	PReturn        Null[float64] // within HorizonDays
	HorizonDays    int32
	Score          Null[float64] // churn_risk
	PreviousScore  Null[float64] // of the message before
	Confidence     Confidence
	BasisPurchases uint32 // purchase days the numbers rest on

	Reasons     [ReasonLimit]Reason
	ReasonCount int // 0 only with action resolved

	AtStake          Null[float64] // value at risk
	Currency         string
	CurrencyExponent uint8

	Play      Play    // the zero Play where there is nothing to do
	ActBefore Instant // as_of + the play's time; 0 none
	Holdout   bool    // arm

	Complaint AlertComplaint // that it is about

	RaisedAt      Instant
	AsOf          Instant
	ComputedAt    Instant
	CooldownUntil Instant // 0 while open

	Suppressed Suppression
	// Standing: it is told though it was raised earlier, without a message:
	// RaisedAt lies before the first message that was delivered.
	Standing bool

	Model          string
	ParamVersion   string
	ParamsFittedAt Instant // 0 where given by configuration
	ConfigHash     string
	EngineVersion  string
}

// AlertID is the identity of a customer's alert: the first 16 bytes of SHA-256
// over the id, 0, the kind's name, 0 and the episode's number in decimal, as hex.
// It comes from content alone, so a replay repeats it.
func AlertID(customerID []byte, kind string, episode uint32) string {
	text := make([]byte, 0, len(customerID)+40)
	text = append(append(text, customerID...), 0)
	text = append(append(text, kind...), 0)
	sum := sha256.Sum256(strconv.AppendUint(text, uint64(episode), 10))
	return hex.EncodeToString(sum[:16])
}

// DedupKey is <kind>/<alert_id>.
func (a *Alert) DedupKey() string { return a.Kind.Name + "/" + a.AlertID }

// Arm is treat or holdout.
func (a *Alert) Arm() string { return ArmOf(a.Holdout) }

// ArmOf returns the name of a customer's arm. Who is in the holdout is left alone,
// so that the effect of treating the others can be measured.
func ArmOf(holdout bool) string {
	if holdout {
		return "holdout"
	}
	return "treat"
}

// SetPlay takes the play of the alert's first reason and sets the time to act
// by. Nothing is to be done about an alert that has ended.
func (a *Alert) SetPlay(plays *Plays) {
	a.Play, a.ActBefore = Play{}, 0
	if a.ReasonCount == 0 || a.Action == Resolved || a.Action == Expired {
		return
	}
	a.Play = plays[a.Reasons[0].Code]
	if a.Play.ID != "" && a.Play.ActWithin > 0 {
		a.ActBefore = a.AsOf + a.Play.ActWithin
	}
}

// Row puts the alert into a row of alert_event. The row's texts and codes are
// its own; CustomerID is shared. Left to the caller: src_partition and seq.
func (a *Alert) Row(row *AlertRow) {
	*row = AlertRow{
		AlertID: a.AlertID, AlertSeq: a.Seq, DedupKey: a.DedupKey(), Family: a.Kind.Family,
		Kind: a.Kind.Name, Action: a.Action, CustomerID: a.CustomerID, Segment: a.Segment,
		Level: a.Level, PreviousLevel: a.PreviousLevel, Score: a.Score, PAlive: a.PAlive,
		AtStake: a.AtStake, Currency: a.Currency, Arm: a.Arm(), SuppressedReason: a.Suppressed, Standing: a.Standing,
		ResolveReason: a.Resolve, RaisedAt: a.RaisedAt, AsOf: a.AsOf, ComputedAt: a.ComputedAt,
		ParamVersion: a.ParamVersion, SrcPartition: row.SrcPartition, Seq: row.Seq,
		ReasonCodes: make([]ReasonCode, 0, a.ReasonCount), ReasonTexts: make([]string, 0, a.ReasonCount),
	}
	a.Complaint.row(row)
	for i := range a.Reasons[:a.ReasonCount] {
		row.ReasonCodes = append(row.ReasonCodes, a.Reasons[i].Code)
		row.ReasonTexts = append(row.ReasonTexts, a.Reasons[i].Text())
	}
}
