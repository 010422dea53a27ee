package event

// Status is the status of an order or of a complaint. Its number is part of the
// page format, as that of a Kind.
type Status uint8

// Statuses of orders, then of complaints.
const (
	StatusNone Status = 0

	Placed        Status = 1
	Paid          Status = 2
	Shipped       Status = 3
	Delivered     Status = 4
	PaymentFailed Status = 5
	Chargeback    Status = 6

	Opened       Status = 7
	Acknowledged Status = 8
	InProgress   Status = 9
	Resolved     Status = 10
	Confirmed    Status = 11
	Reopened     Status = 12
	Rejected     Status = 13
	Withdrawn    Status = 14
)

// statusTable says of each status its name in the schemas, whether it is one of
// complaints, and its rank. The ranks of orders lie in records.
var statusTable = [...]struct {
	name        string
	ofComplaint bool
	rank        uint8
}{
	Placed:        {name: "placed", rank: 1},
	Paid:          {name: "paid", rank: 2},
	Shipped:       {name: "shipped", rank: 3},
	Delivered:     {name: "delivered", rank: 4},
	PaymentFailed: {name: "payment_failed"},
	Chargeback:    {name: "chargeback"},

	Opened:       {name: "opened", ofComplaint: true, rank: 1},
	Acknowledged: {name: "acknowledged", ofComplaint: true, rank: 2},
	InProgress:   {name: "in_progress", ofComplaint: true, rank: 3},
	Resolved:     {name: "resolved", ofComplaint: true, rank: 4},
	Confirmed:    {name: "confirmed", ofComplaint: true, rank: 5},
	Reopened:     {name: "reopened", ofComplaint: true, rank: 6},
	Rejected:     {name: "rejected", ofComplaint: true, rank: 7},
	Withdrawn:    {name: "withdrawn", ofComplaint: true, rank: 8},
}

// statusNames are the names alone, as the parser looks through them.
var statusNames = func() (names [len(statusTable)]string) {
	for i := range statusTable {
		names[i] = statusTable[i].name
	}
	return names
}()

// String returns the name in the schemas, "" for absent.
func (v Status) String() string { return statusTable[v].name }

// OfComplaint reports whether a status is one of complaints; the others are of
// orders.
func (v Status) OfComplaint() bool { return statusTable[v].ofComplaint }

// Rank is how far a status is in the life of its order or complaint, from 1: of
// two at one instant the higher holds. An order counts from its first status with
// a rank; 0 where the status says nothing of its worth.
func (v Status) Rank() uint8 { return statusTable[v].rank }
