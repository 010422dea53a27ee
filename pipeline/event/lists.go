package event

// The closed lists of the schemas, but for kinds and statuses, which have files of
// their own. Each list's zero value means "absent"; the numbers are part of the page
// format, so a list is only ever appended to.

// Type is the event_type.
type Type uint8

// Types in the order of their topics.
const (
	TypeNone Type = iota
	Purchase
	Visit
	Complaint
	Erasure
	AlertFeedback
	Internal // what one customer is due of another; merge_request, transfer, forwarded: not decoded yet
	typeCount
)

// Category is what a complaint is about.
type Category uint8

// Categories of complaints. CategoryCount is the length of arrays indexed by
// Category-1.
const (
	CategoryNone Category = iota
	Quality
	Contract
	Logistics
	Service
	Attitude
	Price
	Billing
	Digital
	CategoryOther
	categoryCount

	CategoryCount = int(categoryCount) - 1
)

// Channel is where an event happened.
type Channel uint8

// Channels.
const (
	ChannelNone Channel = iota
	Store
	Web
	App
	Phone
	Social
	Partner
	Email
	ChannelOther
	channelCount
)

// Resolution is how a complaint was resolved.
type Resolution uint8

// Resolutions.
const (
	ResolutionNone Resolution = iota
	ResolvedByRefund
	ResolvedByReplacement
	ResolvedByRepair
	ResolvedByApology
	ResolvedByVoucher
	ResolvedByNothing
	resolutionCount
)

// ClosureReason is why a customer closed the account.
type ClosureReason uint8

// Closure reasons.
const (
	ClosureNone ClosureReason = iota
	Moved
	Deceased
	ClosedBusiness
	CompetitorPrice
	CompetitorProduct
	CompetitorService
	PriceReason
	QualityReason
	ServiceReason
	NoNeed
	InvoluntaryPayment
	Fraud
	OtherReason
	UnknownReason
	closureCount
)

// Outcome is what a retention team says of an alert.
type Outcome uint8

// Outcomes of alert feedback.
const (
	OutcomeNone Outcome = iota
	OutcomeAcknowledged
	OutcomeContacted
	OutcomeSaved
	OutcomeLost
	OutcomeWrong
	outcomeCount
)

// Names as they stand in the schemas, indexed by value; index 0 is "".
var (
	typeNames     = [typeCount]string{"", "purchase", "visit", "complaint", "erasure", "alert_feedback", "internal"}
	categoryNames = [categoryCount]string{"", "quality", "contract", "logistics", "service", "attitude",
		"price", "billing", "digital", "other"}
	channelNames    = [channelCount]string{"", "store", "web", "app", "phone", "social", "partner", "email", "other"}
	resolutionNames = [resolutionCount]string{"", "refund", "replace", "repair", "apology", "voucher", "none"}
	closureNames    = [closureCount]string{"", "moved", "deceased", "closed_business", "competitor_price",
		"competitor_product", "competitor_service", "price", "quality", "service", "no_need",
		"involuntary_payment", "fraud", "other", "unknown"}
	outcomeNames = [outcomeCount]string{"", "acknowledged", "contacted", "saved", "lost", "wrong"}
)

// String gives the name as in the schemas, "" for absent.
func (v Type) String() string          { return typeNames[v] }
func (v Category) String() string      { return categoryNames[v] }
func (v Channel) String() string       { return channelNames[v] }
func (v Resolution) String() string    { return resolutionNames[v] }
func (v ClosureReason) String() string { return closureNames[v] }
func (v Outcome) String() string       { return outcomeNames[v] }
