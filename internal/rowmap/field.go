package rowmap

import (
	"errors"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/holdfast/holdfast/internal/civil"
	"github.com/holdfast/holdfast/pipeline/decode"
)

// The forms of the schema's fields that are not texts.
var (
	instants = set("occurred_at", "ingested_at", "promised_at", "delivered_at", "renewal_due_at", "inquiry_answered_at",
		"first_response_at", "sla_due_at", "requested_at", "at")
	amounts = set("amount_net", "amount_gross", "amount_discount", "amount_tax", "margin", "list_amount",
		"compensation_amount")
	integers = set("schema_version", "points_earned", "points_redeemed", "rating", "csi", "nps", "duration_s", "pages",
		"severity")
	booleans = set("public", "is_first_order_claimed", "referral_converted", "satisfied_with_resolution", "is_test")
	// structured fields are lists and objects.
	structured = set("lines", "consent", "merge_from")
)

func set(names ...string) map[string]bool {
	members := make(map[string]bool, len(names))
	for _, name := range names {
		members[name] = true
	}
	return members
}

// IsInstant reports whether a field is a moment.
func IsInstant(field string) bool { return instants[field] }

// IsAmount reports whether a field is an amount of money.
func IsAmount(field string) bool { return amounts[field] }

// IsInteger reports whether a field is a whole number that is no amount.
func IsInteger(field string) bool { return integers[field] }

// IsBoolean reports whether a field is true or false.
func IsBoolean(field string) bool { return booleans[field] }

// ErrInstant says that a cell is no moment as files usually write them.
var ErrInstant = errors.New("is not a moment: write 2026-03-01, 2026-03-01 10:15:30, 2026-03-01T10:15:30Z " +
	"or 2026-03-01 10:15:30 +0200, or say in the map how times are written")

// instantOf reads a cell as a moment, cut to microseconds.
func instantOf(cell string, zone *time.Location) (time.Time, error) {
	at, ok := civil.Parse(cell, zone)
	if !ok {
		return time.Time{}, ErrInstant
	}
	return at, nil
}

var (
	errDecimal = errors.New("is not a decimal amount, such as 12.34")
	errInexact = errors.New("has more decimals than the currency")
)

// minorText turns a decimal amount in major units into minor units, exactly.
func minorText(cell, currency string) (string, error) {
	if strings.ContainsAny(cell, "eE") || len(cell) > 40 {
		return "", errDecimal
	}
	amount, err := decimal.NewFromString(cell)
	if err != nil {
		return "", errDecimal
	}
	var code [3]byte
	copy(code[:], currency)
	minor := amount.Shift(int32(decode.CurrencyDecimals(code)))
	if !minor.IsInteger() {
		return "", errInexact
	}
	return minor.String(), nil
}
