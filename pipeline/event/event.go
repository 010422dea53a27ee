// Package event holds what comes in: the decoded form of one purchase, visit,
// complaint, erasure request or alert feedback of one customer, and the closed
// lists that its fields are drawn from. It is a leaf: it imports nothing of ours.
//
// An Event is filled by pipeline/decode and read by pipeline/shard. It carries
// only what the shard acts on; further fields of the schema are validated by
// the decoder and dropped.
package event

import "encoding/binary"

// Event is one decoded record. It holds no pointers but its byte slices, which
// alias the record's value (or the decoder's arena where the text had escapes):
// they are valid until the batch that the event belongs to is released, and
// must be copied to be kept.
//
// Optional fields that are absent hold their zero value; where zero is a legal
// value a Has bit tells them apart.
type Event struct {
	Type   Type
	Kind   Kind
	Status Status // of an order or of a complaint; StatusNone if absent
	Has    Has

	Category   Category // complaints; CategoryNone if absent
	Channel    Channel
	Resolution Resolution
	Closure    ClosureReason
	Outcome    Outcome // alert feedback
	Severity   uint8   // 1 to 5; 0 if absent
	Rating     uint8   // 1 to 5; 0 if absent
	Pages      uint32

	// Input is the index of the input topic, Offset and Partition the record's
	// place in it. Set by the pipeline, not by the decoder.
	Input     uint8
	Partition int32
	Offset    int64

	OccurredAt Instant
	RecordTime Instant // the Kafka record's timestamp

	// Hashes are xxhash64 of the id's bytes; 0 stands for "absent" (a real
	// hash of 0 is mapped to 1).
	CustomerHash  uint64
	EventHash     uint64
	OrderHash     uint64
	RefOrderHash  uint64
	ComplaintHash uint64

	CustomerID  []byte // empty for an anonymous event
	AnonymousID []byte
	EventID     []byte
	Segment     []byte
	ComplaintID []byte // complaints; empty otherwise
	OrderID     []byte // complaints; empty if absent
	ReferrerID  []byte // referrals; where HasReferrer

	// Categories are those that the lines of an order name, a hash for each
	// line that names one: Categories.At.
	Categories Categories

	Currency [3]byte // ISO 4217, zero if absent

	// Amounts are minor units of Currency, never negative (the kind gives the
	// sign) but for Margin.
	AmountNet      int64
	AmountDiscount int64
	ListAmount     int64
	Margin         int64

	FirstResponseAt Instant // 0 if absent
	SLADueAt        Instant // 0 if absent
}

// Categories are hashes of categories, 4 bytes each as AppendCategory writes
// them. They are aliased as the event's other byte slices are.
type Categories []byte

// AppendCategory appends the hash of a category's name, which must not be empty.
func AppendCategory(b, name []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, uint32(HashID(name)>>32))
}

// Len is how many there are; one may be there more than once.
func (c Categories) Len() int { return len(c) / 4 }

// At gives the hash of the i-th.
func (c Categories) At(i int) uint32 { return binary.LittleEndian.Uint32(c[4*i:]) }

// Has says which optional fields were present, where zero is a value too.
type Has uint16

// One bit per optional field.
const (
	HasAmountNet Has = 1 << iota
	HasAmountDiscount
	HasListAmount
	HasMargin
	HasConsent          // consent.marketing was given
	HasConsentMarketing // its value
	HasReferralConverted
	HasReferrer        // referrer_id was given
	HasUnknownChannel  // mapped to ChannelOther, to be counted
	HasUnknownCategory // mapped to CategoryOther, to be counted
	HasDiscountCoupon  // coupon_code was given
	HasTest            // is_test was true (such an event is rejected)
)

// Instant is an event time: microseconds since 1970-01-01T00:00:00Z. Event
// times are at or after 1990, so 0 stands for "none".
type Instant int64

// Day is a business day: whole days since 1970-01-01 in the deployment's
// business time zone.
type Day int32

// Durations in microseconds, the unit of Instant.
const (
	Microsecond Instant = 1
	Millisecond         = 1000 * Microsecond
	Second              = 1000 * Millisecond
	Minute              = 60 * Second
	Hour                = 60 * Minute
	Day24h              = 24 * Hour
)
