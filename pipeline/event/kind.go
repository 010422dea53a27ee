package event

// Kind is the kind of a purchase, visit or complaint. Its number is part of the
// page format: a new kind takes the next free one, and none is used again. Nothing
// else follows from the number: what a kind is stands in the table below.
type Kind uint8

// Kinds.
const (
	KindNone Kind = 0

	Order      Kind = 1
	Refund     Kind = 2
	Cancel     Kind = 3
	Exchange   Kind = 4
	Renewal    Kind = 5
	Adjustment Kind = 6

	Session       Kind = 7
	StoreVisit    Kind = 8
	ProductView   Kind = 9
	Cart          Kind = 10
	Wishlist      Kind = 11
	Search        Kind = 12
	Inquiry       Kind = 13
	ContactOut    Kind = 14
	Referral      Kind = 15
	Redeem        Kind = 16
	MemberJoin    Kind = 17
	MemberLeave   Kind = 18
	Closure       Kind = 19
	IdentityMerge Kind = 20

	ComplaintMade Kind = 21
	ReturnRequest Kind = 22
	Dispute       Kind = 23
	Feedback      Kind = 24
	Rating        Kind = 25
	Survey        Kind = 26
	PublicReview  Kind = 27
)

// kindTable says of each kind its name in the schemas, its event type, and whether
// it is an act of the customer's own.
var kindTable = [...]struct {
	name string
	of   Type
	acts bool
}{
	Order:      {name: "order", of: Purchase},
	Refund:     {name: "refund", of: Purchase},
	Cancel:     {name: "cancel", of: Purchase},
	Exchange:   {name: "exchange", of: Purchase},
	Renewal:    {name: "renewal", of: Purchase},
	Adjustment: {name: "adjustment", of: Purchase},

	Session:       {name: "session", of: Visit, acts: true},
	StoreVisit:    {name: "store_visit", of: Visit, acts: true},
	ProductView:   {name: "product_view", of: Visit, acts: true},
	Cart:          {name: "cart", of: Visit, acts: true},
	Wishlist:      {name: "wishlist", of: Visit, acts: true},
	Search:        {name: "search", of: Visit, acts: true},
	Inquiry:       {name: "inquiry", of: Visit, acts: true},
	ContactOut:    {name: "contact_out", of: Visit},
	Referral:      {name: "referral", of: Visit, acts: true},
	Redeem:        {name: "redeem", of: Visit, acts: true},
	MemberJoin:    {name: "member_join", of: Visit, acts: true},
	MemberLeave:   {name: "member_leave", of: Visit},
	Closure:       {name: "closure", of: Visit},
	IdentityMerge: {name: "identity_merge", of: Visit},

	ComplaintMade: {name: "complaint", of: Complaint},
	ReturnRequest: {name: "return_request", of: Complaint},
	Dispute:       {name: "dispute", of: Complaint},
	Feedback:      {name: "feedback", of: Complaint},
	Rating:        {name: "rating", of: Complaint},
	Survey:        {name: "survey", of: Complaint},
	PublicReview:  {name: "public_review", of: Complaint},
}

// kindNames are the names alone, as the parser looks through them.
var kindNames = func() (names [len(kindTable)]string) {
	for i := range kindTable {
		names[i] = kindTable[i].name
	}
	return names
}()

// String returns the name in the schemas, "" for absent.
func (v Kind) String() string { return kindTable[v].name }

// TypeOf returns the event type that a kind belongs to; TypeNone for KindNone.
func (v Kind) TypeOf() Type { return kindTable[v].of }

// Acts reports whether a visit of this kind is an act of the customer's own, and
// so proof of life: what is done to the customer or ends the relation is none.
func (v Kind) Acts() bool { return kindTable[v].acts }
