package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox"
)

func TestClassify(t *testing.T) {
	server := func(code int32, message string) error {
		return fmt.Errorf("insert: %w", &clickhouse.Exception{Code: code, Message: message})
	}
	for name, c := range map[string]struct {
		err  error
		want outbox.Class
	}{
		"refused connection":  {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, outbox.Unreachable},
		"no name":             {&net.DNSError{}, outbox.Unreachable},
		"pool":                {clickhouse.ErrAcquireConnTimeout, outbox.Unreachable},
		"end of file":         {io.EOF, outbox.Ambiguous},
		"reset":               {&net.OpError{Op: "read", Err: errors.New("reset")}, outbox.Ambiguous},
		"deadline":            {context.DeadlineExceeded, outbox.Ambiguous},
		"time-out":            {server(159, ""), outbox.Ambiguous},
		"unknown outcome":     {server(319, ""), outbox.Ambiguous},
		"never seen":          {server(123456, ""), outbox.Ambiguous},
		"too many parts":      {server(252, "Too many parts (3000)"), outbox.Busy},
		"too many partitions": {server(252, "Too many partitions for single INSERT block"), outbox.Refused},
		"memory":              {server(241, ""), outbox.Busy},
		"no table":            {server(60, ""), outbox.Configuration},
		"read only":           {server(164, ""), outbox.Configuration},
		"wrong password":      {server(516, ""), outbox.Configuration},
		"cannot parse":        {server(27, ""), outbox.Refused},
		"constraint":          {server(469, ""), outbox.Refused},
		"driver":              {fmt.Errorf("x: %w", clickhouse.ErrBatchInvalid), outbox.Refused},
		"column":              {fmt.Errorf("%w: x", errAppend), outbox.Refused},
	} {
		if got := classify(c.err); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestDescribeKeepsRowsToItself(t *testing.T) {
	secret := "c-01873"
	for _, err := range []error{
		&clickhouse.Exception{Code: 469, CodeName: "VIOLATED_CONSTRAINT", Message: "column values: customer_id = '" + secret +
			"'"},
		fmt.Errorf("%w: cannot take %s", errAppend, secret),
	} {
		if text := describe(err); text == "" || strings.Contains(text, secret) || len(text) > 60 {
			t.Errorf("%q", text)
		}
	}
}

func TestAmounts(t *testing.T) {
	cents := signal.Meta{CurrencyExponent: 2}
	for _, c := range []struct {
		minor int64
		meta  signal.Meta
		want  string
	}{
		{4990, cents, "49.9"}, {-1, cents, "-0.01"}, {0, cents, "0"}, {7, signal.Meta{}, "7"},
		{12345, signal.Meta{CurrencyExponent: 3}, "12.345"}, {149, signal.Meta{CurrencyExponent: 6}, "0.0001"},
		{150, signal.Meta{CurrencyExponent: 6}, "0.0002"}, {-150, signal.Meta{CurrencyExponent: 6}, "-0.0002"},
		{1e18, cents, "99999999999999.9999"}, {math.MinInt64, cents, "-99999999999999.9999"},
		{5, signal.Meta{CurrencyExponent: 255}, "0"},
	} {
		if got, _ := amount(uint64(c.minor), signal.KindMoney, c.meta); got.String() != c.want {
			t.Errorf("%d at %d places: %s, want %s", c.minor, c.meta.CurrencyExponent, got, c.want)
		}
	}
	for _, c := range []struct {
		minor float64
		want  string
		ok    bool
	}{
		{2500, "25", true}, {1.25, "0.0125", true}, {math.Inf(1), "99999999999999.9999", true},
		{math.Inf(-1), "-99999999999999.9999", true}, {math.NaN(), "0", false}, {1e300, "99999999999999.9999", true},
	} {
		if got, ok := amount(math.Float64bits(c.minor), signal.KindMoneyFloat, cents); got.String() != c.want || ok != c.ok {
			t.Errorf("%g: %s %v, want %s", c.minor, got, ok, c.want)
		}
	}
}

func TestInstantsStayInRange(t *testing.T) {
	for _, c := range []struct {
		micro int64
		want  string
	}{
		{1_500, "1970-01-01T00:00:00.001Z"}, {-1, "1969-12-31T23:59:59.999Z"}, {-1000, "1969-12-31T23:59:59.999Z"},
		{math.MaxInt64, "2299-12-31T23:59:59.999Z"}, {math.MinInt64, "1900-01-01T00:00:00Z"},
	} {
		if got, _ := instant(uint64(c.micro), signal.KindInstant, signal.Meta{}); got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%d: %s, want %s", c.micro, got.Format(time.RFC3339Nano), c.want)
		}
	}
	for _, c := range []struct {
		days int64
		want string
	}{{0, "1970-01-01"}, {-1, "1969-12-31"}, {math.MinInt32, "1900-01-01"}, {math.MaxInt32, "2299-12-31"}} {
		if got, _ := day(uint64(c.days), signal.KindDay, signal.Meta{}); got.Format(time.DateOnly) != c.want {
			t.Errorf("%d: %s, want %s", c.days, got.Format(time.DateOnly), c.want)
		}
	}
}

func TestRemedy(t *testing.T) {
	full := fmt.Errorf("insert: %w", &clickhouse.Exception{Code: 243})
	for name, c := range map[string]struct{ got, want string }{
		"full disk":  {remedy(classify(full), full), "free disk space on the server"},
		"no server":  {remedy(outbox.Unreachable, io.EOF), "check that the server runs"},
		"no table":   {remedy(outbox.Configuration, &clickhouse.Exception{Code: 60}), "holdfast migrate up"},
		"unheard of": {remedy(outbox.Ambiguous, io.EOF), "look into the server's log"},
	} {
		if !strings.Contains(c.got, c.want) {
			t.Errorf("%s: %q does not say %q", name, c.got, c.want)
		}
	}
}

func TestDescribeNamesTheCause(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	err := fmt.Errorf("send a query %s: %w", strings.Repeat("x", 400), dial)
	if got := describe(err); got != "dial tcp: connection refused" {
		t.Errorf("described as %q", got)
	}
}
