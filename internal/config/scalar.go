package config

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Duration is a length of time as the file writes it: Go's notation, and d for
// 24 hours ("90d", "1d12h", "250ms").
type Duration time.Duration

// D returns the standard library's form.
func (d Duration) D() time.Duration { return time.Duration(d) }

// Days returns the whole days in d.
func (d Duration) Days() int { return int(time.Duration(d) / (24 * time.Hour)) }

// String writes whole days with d and leaves out zero parts.
func (d Duration) String() string {
	rest := time.Duration(d)
	if rest == 0 {
		return "0s"
	}
	sign := ""
	if rest < 0 {
		sign, rest = "-", -rest
	}
	days := rest / (24 * time.Hour)
	rest -= days * 24 * time.Hour
	text := sign
	if days > 0 {
		text += strconv.FormatInt(int64(days), 10) + "d"
	}
	if rest > 0 {
		part := rest.String()
		if strings.HasSuffix(part, "m0s") {
			part = part[:len(part)-2]
		}
		if strings.HasSuffix(part, "h0m") {
			part = part[:len(part)-2]
		}
		text += part
	}
	return text
}

// MarshalText writes the form of String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads Go's notation plus d.
func (d *Duration) UnmarshalText(text []byte) error {
	value, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = Duration(value)
	return nil
}

// ParseDuration reads Go's notation plus d = 24 h, which must come first.
func ParseDuration(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is not a duration; write a number and a unit, such as 250ms, 30s, 5m, 24h or 90d", text)
	days := time.Duration(0)
	rest := text
	if head, tail, found := strings.Cut(text, "d"); found {
		number, err := strconv.ParseFloat(head, 64)
		if err != nil || math.IsNaN(number) || math.Abs(number) > 36500 {
			return 0, wrong
		}
		days = time.Duration(number * float64(24*time.Hour))
		rest = tail
		if rest == "" {
			return days, nil
		}
	}
	value, err := time.ParseDuration(rest)
	if err != nil {
		return 0, wrong
	}
	if days < 0 {
		value = -value
	}
	sum := days + value
	if (sum < days) != (value < 0) {
		return 0, wrong // more than Go's form holds
	}
	return sum, nil
}

// Size is a number of bytes, written as 512, 64KiB, 1MiB or 2GiB.
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// String writes the largest unit that divides s.
func (s Size) String() string {
	for _, unit := range sizeUnits {
		if s != 0 && int64(s)%unit.bytes == 0 && unit.bytes > 1 {
			return strconv.FormatInt(int64(s)/unit.bytes, 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// MarshalText writes the form of String.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a number with an optional binary unit.
func (s *Size) UnmarshalText(text []byte) error {
	number, factor := strings.TrimSpace(string(text)), int64(1)
	for _, unit := range sizeUnits {
		if head, found := strings.CutSuffix(number, unit.name); found {
			number, factor = strings.TrimSpace(head), unit.bytes
			break
		}
	}
	value, err := strconv.ParseInt(number, 10, 64)
	if err != nil || value < 0 || value > math.MaxInt64/factor {
		return fmt.Errorf("%q is not a size; write bytes or a binary unit, such as 512, 64KiB or 1MiB", text)
	}
	*s = Size(value * factor)
	return nil
}

// Date is a calendar day, UTC.
type Date struct{ time.Time }

// String writes YYYY-MM-DD.
func (d Date) String() string { return d.Format(time.DateOnly) }

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD.
func (d *Date) UnmarshalText(text []byte) error {
	value, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a day; write YYYY-MM-DD", text)
	}
	d.Time = value
	return nil
}

// Band is a border with hysteresis: a level is entered below Enter and left
// above Leave, both P(alive), 0 to 1.
type Band struct{ Enter, Leave float64 }

// String writes enter,leave.
func (b Band) String() string {
	return strconv.FormatFloat(b.Enter, 'g', -1, 64) + "," + strconv.FormatFloat(b.Leave, 'g', -1, 64)
}

// MarshalText writes the form of String.
func (b Band) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads two numbers, with or without brackets.
func (b *Band) UnmarshalText(text []byte) error {
	parts := strings.Split(strings.Trim(string(text), "[] "), ",")
	if len(parts) == 2 {
		enter, errEnter := strconv.ParseFloat(strings.TrimSpace(parts[0]), 64)
		leave, errLeave := strconv.ParseFloat(strings.TrimSpace(parts[1]), 64)
		if errEnter == nil && errLeave == nil {
			*b = Band{Enter: enter, Leave: leave}
			return nil
		}
	}
	return fmt.Errorf("%q is not a pair; write [enter below, leave above], such as [0.30, 0.40]", text)
}

// Constant is a JSON scalar: a text in quotes, a number, true or false.
type Constant string

// constantOf writes a YAML scalar as the JSON scalar that it stands for. What
// JSON does not write so, such as 017 or 0x1F, is a text as it stands.
func constantOf(node ast.Node, text string) string {
	switch node.Type() {
	case ast.IntegerType, ast.FloatType, ast.BoolType:
		if json.Valid([]byte(text)) {
			return text
		}
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		panic("a text is always writable: " + err.Error())
	}
	return string(quoted)
}

// MarshalYAML writes the scalar as it is: JSON's scalars are YAML's too.
func (c Constant) MarshalYAML() ([]byte, error) { return []byte(c), nil }
