package devclickhouse

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// FaultPath is where Options.Hooks take faults: POST adds a Fault (JSON).
const FaultPath = "/holdfast/fault"

// FaultPoint is a moment in the life of a statement.
type FaultPoint string

// The points, in the order in which a request passes them.
const (
	// BeforeBody: the headers are read. Only the SQL in the URL is known,
	// which is where clickhouse-go puts an INSERT with a batch.
	BeforeBody FaultPoint = "before_body"
	// AfterBody: the whole body is read, the engine has seen nothing.
	AfterBody FaultPoint = "after_body"
	// MidApply: the engine has an INSERT's data and has confirmed nothing.
	MidApply FaultPoint = "mid_apply"
	// AfterApply: the engine is done, the client has heard nothing: a lost
	// acknowledgement.
	AfterApply FaultPoint = "after_apply"
)

// FaultAction is what happens at the point.
type FaultAction string

// The actions.
const (
	// Drop closes the connection without an answer. At MidApply it cancels the
	// insert first; blocks that the engine has written by then stay.
	Drop FaultAction = "drop"
	// Kill ends the engine's process with SIGKILL.
	Kill FaultAction = "kill"
	// Delay waits and goes on.
	Delay FaultAction = "delay"
	// Refuse answers with the exception Code.
	Refuse FaultAction = "refuse"
)

// Fault strikes the next Count statements that contain Match (letter case
// counts), after letting Skip of them pass.
type Fault struct {
	Point  FaultPoint    `json:"point"`
	Action FaultAction   `json:"action"`
	Match  string        `json:"match"`
	Skip   int           `json:"skip,omitempty"`
	Count  int           `json:"count,omitempty"` // 0: 1
	Delay  time.Duration `json:"delay,omitempty"`
	Code   int           `json:"code,omitempty"`
}

// Hooks let tests step in at the points of a statement's life. The program has
// none; internal/devclickhouse/enginetest has them.
type Hooks interface {
	// Strike is called at each point of each statement. An error ends the
	// statement: ErrDrop without an answer, others as an answer.
	Strike(ctx context.Context, point FaultPoint, sql string) error
	// ServeHTTP serves FaultPath, by which tests in other processes set faults.
	http.Handler
}

// ErrDrop makes the front end close the connection without an answer.
var ErrDrop = errors.New("drop the connection")

// Refusal returns the error that a client gets as ClickHouse's exception of a
// code and name.
func Refusal(code int, name, text string) error { return refusal(code, name, "%s", text) }
