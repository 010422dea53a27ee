package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/holdfast/holdfast/sinks/outbox"
)

var (
	// errColumnKind: a block's column cannot be what its name says.
	errColumnKind = errors.New("column of another kind than the table's")
	// errAppend: the driver cannot take a value into a column.
	errAppend = errors.New("append to column")
)

// Codes of ClickHouse that are known to be of a class. What is in no list is
// ambiguous: to repeat is always right, to give up never is.
var (
	busyCodes          = []int32{202, 241, 242, 243, 252, 285, 999}
	configurationCodes = []int32{16, 36, 44, 47, 60, 62, 81, 164, 192, 193, 194, 195, 291, 492, 497, 516}
	refusedCodes       = []int32{6, 27, 53, 69, 70, 117, 131, 190, 349, 407, 469}
)

// Classify says what an error of an insert or a check asks for.
func (s *Sink) Classify(err error) outbox.Failure {
	c := classify(err)
	kind := fmt.Sprintf("%T", err)
	if inner := errors.Unwrap(err); inner != nil {
		kind = fmt.Sprintf("%T", inner)
	}
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		kind = fmt.Sprintf("clickhouse.%d", exception.Code)
	}
	return outbox.Failure{Class: c, Kind: kind, Text: describe(err), Fix: remedy(c, err)}
}

// classify says what to do about an error of an insert.
func classify(err error) outbox.Class {
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		return classifyCode(exception.Code, exception.Message)
	}
	var network *net.OpError
	var name *net.DNSError
	var schema *SchemaError
	switch {
	case errors.As(err, &schema):
		return outbox.Configuration
	case errors.Is(err, clickhouse.ErrBatchInvalid), errors.Is(err, errAppend):
		return outbox.Refused
	case errors.Is(err, clickhouse.ErrAcquireConnTimeout), errors.As(err, &name),
		errors.As(err, &network) && network.Op == "dial":
		return outbox.Unreachable
	}
	return outbox.Ambiguous
}

func classifyCode(code int32, message string) outbox.Class {
	if code == 252 && strings.Contains(strings.ToLower(message), "too many partitions") {
		return outbox.Refused
	}
	for _, known := range busyCodes {
		if code == known {
			return outbox.Busy
		}
	}
	for _, known := range configurationCodes {
		if code == known {
			return outbox.Configuration
		}
	}
	for _, known := range refusedCodes {
		if code == known {
			return outbox.Refused
		}
	}
	return outbox.Ambiguous
}

// describe gives an error's words for logs and headers. A server's message
// about rows may quote them, and with them a customer's id: of such an error
// only code and name are told.
func describe(err error) string {
	var exception *clickhouse.Exception
	var network *net.OpError
	var request *url.Error
	var schema *SchemaError
	switch {
	case errors.As(err, &schema):
		return schema.Error() // bounded, and ours
	case errors.As(err, &exception) && classify(err) == outbox.Refused:
		return fmt.Sprintf("code %d %s", exception.Code, exception.CodeName)
	case errors.As(err, &exception):
		return fmt.Sprintf("code %d %s: %s", exception.Code, exception.CodeName, clip(exception.Message))
	case classify(err) == outbox.Refused:
		return "a value does not fit its column"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &network):
		return clip(network.Error()) // without the long request around it, which hides the cause
	case errors.As(err, &request):
		return "no answer to a request: " + clip(request.Err.Error())
	}
	return clip(err.Error())
}

// remedies say what a person can do about a code.
var remedies = map[int32]string{
	81:  "create the database with `holdfast migrate up`, or put sinks.clickhouse.database right",
	241: "give the server more memory, or lower sinks.clickhouse.batch_rows",
	243: "free disk space on the server",
	252: "the server merges more slowly than rows come: raise sinks.clickhouse.insert_every",
	497: "grant INSERT and SELECT on the database to this user",
	192: "check user and password", 193: "check user and password", 194: "check user and password",
	516: "check user and password",
}

// remedy says what to do about an error.
func remedy(c outbox.Class, err error) string {
	var exception *clickhouse.Exception
	server := errors.As(err, &exception)
	switch {
	case server && remedies[exception.Code] != "":
		return remedies[exception.Code]
	case c == outbox.Unreachable:
		return "check that the server runs and that sinks.clickhouse is right"
	case c == outbox.Configuration:
		return "compare the tables with `holdfast migrate status`, and run `holdfast migrate up`"
	}
	return "nothing, unless it lasts: then look into the server's log"
}

// clip keeps the words of others short and on one line.
func clip(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if len(text) > 300 {
		text = text[:300]
	}
	return strings.ToValidUTF8(text, "?")
}
