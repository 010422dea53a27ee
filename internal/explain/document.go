// Package explain says in words what is known of a customer: the facts, the score with
// all that it is made of, the alerts, why there is none, and what silence brings next.
// The owning instance makes the document from its memory; where none answers, who asks
// makes one from the customer's row, with what stands there and no more.
package explain

// Sources of a document.
const (
	FromInstance = "instance"
	FromRow      = "row"
)

// Document is what is known of a customer. Texts are sentences of their own; instants
// are RFC 3339 in UTC, days are business days.
type Document struct {
	CustomerID string `json:"customer_id"`
	Source     string `json:"source"`         // instance or row
	Note       string `json:"note,omitempty"` // why it is not from the instance
	AsOf       string `json:"as_of"`
	Day        string `json:"day"`
	TimeZone   string `json:"time_zone"` // of the business days
	Segment    string `json:"segment"`

	Level     string `json:"level"`
	Lifecycle string `json:"lifecycle_state"`
	Ladder    string `json:"ladder_stage"`

	Facts []string `json:"facts"`
	Score *Score   `json:"score"` // null where nothing was bought
	// Alerts are those that are open, and those whose end is not long ago.
	Alerts []Alert `json:"alerts"`
	// NoAlert says why no alert about the silence is open; empty where one is.
	NoAlert []string `json:"no_alert"`
	// Held says why silence counts only up to some moment; empty where it does not.
	Held  []string `json:"silence_held"`
	Next  []Next   `json:"next"`
	Model Model    `json:"model"`
}

// Score is the churn risk and what stands beside it.
type Score struct {
	PAlive      *float64 `json:"p_alive"`
	PAliveBasis string   `json:"p_alive_basis"` // purchase, activity (a visit counts, too), closure; empty: not known
	PReturn     *float64 `json:"p_return_horizon"`
	HorizonDays int32    `json:"horizon_days"`
	ChurnRisk   *float64 `json:"churn_risk"` // 0 to 1
	ValueAtRisk *float64 `json:"value_at_risk"`
	Currency    string   `json:"currency"`
	// Contributions are all parts of the churn risk; in log-odds their sum is
	// logit(churn_risk). Empty where they are not known, or the risk is certain.
	Contributions []Contribution `json:"contributions"`
	Certain       string         `json:"certain,omitempty"` // why the risk is no matter of odds
	ReasonCodes   []string       `json:"reason_codes"`      // as published
}

// Contribution is a part of the churn risk.
type Contribution struct {
	Part    string  `json:"part"` // base, first_time_buyer_base, silence or evidence
	Code    string  `json:"code,omitempty"`
	LogOdds float64 `json:"log_odds"`
	Points  float64 `json:"points"` // of the risk in percent: what this part adds to those before it
	Text    string  `json:"text"`
}

// Alert is an alert of the customer.
type Alert struct {
	AlertID    string   `json:"alert_id,omitempty"`
	Kind       string   `json:"kind"`
	Level      string   `json:"level"`
	Open       bool     `json:"open"`
	RaisedAt   string   `json:"raised_at"`
	Until      string   `json:"until,omitempty"` // of an open one its expiry, else the end of the cooldown
	ToldAt     string   `json:"told_at,omitempty"`
	Standing   bool     `json:"standing"`
	Suppressed string   `json:"suppressed_reason,omitempty"`
	Complaint  string   `json:"complaint_id,omitempty"`
	State      string   `json:"state"` // what became of it, in words
	Reasons    []string `json:"reasons"`
}

// Next is what silence, or a complaint's time, brings.
type Next struct {
	At   string `json:"at"`
	Text string `json:"text"`
}

// Model is what the customer is scored by.
type Model struct {
	Version     string `json:"param_version"`
	Sufficiency string `json:"data_sufficiency"`
	Fitted      bool   `json:"fitted"` // or given by configuration
	Since       string `json:"in_force_since,omitempty"`
	FittedAt    string `json:"fitted_at,omitempty"`
	Customers   uint64 `json:"customers,omitempty"` // that it was fitted to
	// Of the purchases: MBG/NBD, with the order of the gaps. Null where only the version
	// is known.
	Purchase *Purchase `json:"purchase"`
	// Activity says that visits prove that a customer is there.
	Activity bool   `json:"activity"`
	Text     string `json:"text"`
}

// Purchase are the parameters of the purchase model; time is in weeks.
type Purchase struct {
	R                 float64 `json:"r"`
	Alpha             float64 `json:"alpha"`
	A                 float64 `json:"a"`
	B                 float64 `json:"b"`
	K                 int     `json:"k"` // 1: gaps without memory; more where they are regular
	DropoutIdentified bool    `json:"dropout_identified"`
}
