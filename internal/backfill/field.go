package backfill

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/holdfast/holdfast/internal/civil"
	"github.com/holdfast/holdfast/pipeline/decode"
)

// The JSON form of the schema's fields that are not texts.
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

var errInstant = errors.New("is not a moment: write 2026-03-01, 2026-03-01 10:15:30, 2026-03-01T10:15:30Z " +
	"or 2026-03-01 10:15:30 +0200, or say in the map how times are written")

// instantOf reads a cell as a moment, cut to microseconds.
func instantOf(cell string, zone *time.Location) (time.Time, error) {
	at, ok := civil.Parse(cell, zone)
	if !ok {
		return time.Time{}, errInstant
	}
	return at, nil
}

// instantText writes a moment in the schema's form, UTC.
func instantText(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.999999Z") }

var (
	errDecimal = errors.New("is not a decimal amount, such as 12.34")
	errInexact = errors.New("has more decimals than the currency")
	errInteger = errors.New("is not a whole number")
	errBoolean = errors.New("is not true or false")

	errEncoding = errors.New("is not UTF-8")
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

// scalarText writes a cell as the JSON value of a field. It checks the form only;
// ranges and lists are the decoder's.
func scalarText(name, cell string) (string, error) {
	switch {
	case integers[name], amounts[name]:
		number, err := strconv.ParseInt(cell, 10, 64)
		if err != nil {
			return "", errInteger
		}
		return strconv.FormatInt(number, 10), nil
	case booleans[name]:
		switch strings.ToLower(cell) {
		case "true", "1", "yes", "y":
			return "true", nil
		case "false", "0", "no", "n":
			return "false", nil
		}
		return "", errBoolean
	}
	return quoted(cell)
}

// quoted writes a text as JSON. Bytes that are not UTF-8 are refused: replaced,
// they would make another text, and of two ids one.
func quoted(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errEncoding
	}
	written, err := json.Marshal(text)
	if err != nil {
		return "", err
	}
	return string(written), nil
}
