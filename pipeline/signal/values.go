package signal

// Null is a value that may be undefined (no second purchase, no rating).
type Null[T any] struct {
	Value T
	Valid bool
}

// Some is the defined Null.
func Some[T any](v T) Null[T] { return Null[T]{Value: v, Valid: true} }

// Money is minor units of the row's currency.
type Money int64

// Instant is microseconds since 1970-01-01T00:00:00Z (as event.Instant, which
// this package may not import).
type Instant int64

// Day is whole days since 1970-01-01 in the business time zone.
type Day int32
