package devclickhouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// FaultPath is where the front end takes faults, with Options.Faults:
// POST adds a Fault (JSON), GET says how many requests were struck so far,
// DELETE forgets all.
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

// faults holds the faults in force.
type faults struct {
	mutex  sync.Mutex
	list   []*Fault
	struck int
}

// errDropped makes the front end close the connection without an answer.
var errDropped = errors.New("drop the connection")

// strike does what is due at point for a statement. It does not return when
// the process is killed.
func (f *faults) strike(ctx context.Context, point FaultPoint, sql string) error {
	due, ok := f.due(point, sql)
	if !ok {
		return nil
	}
	switch due.Action {
	case Kill:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	case Delay:
		select {
		case <-time.After(due.Delay):
		case <-ctx.Done():
		}
		return nil
	case Refuse:
		return refusal(due.Code, "FAULT_FOR_TESTS", "A fault for tests")
	default:
		return errDropped
	}
}

func (f *faults) due(point FaultPoint, sql string) (Fault, bool) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for i, fault := range f.list {
		if fault.Point != point || !strings.Contains(sql, fault.Match) {
			continue
		}
		if fault.Skip > 0 {
			fault.Skip--
			continue
		}
		f.struck++
		if fault.Count--; fault.Count <= 0 {
			f.list = append(f.list[:i], f.list[i+1:]...)
		}
		return *fault, true
	}
	return Fault{}, false
}

// add puts a fault in force.
func (f *faults) add(fault Fault) error {
	switch fault.Point {
	case BeforeBody, AfterBody, MidApply, AfterApply:
	default:
		return fmt.Errorf("add a fault: unknown point %q", fault.Point)
	}
	switch fault.Action {
	case Drop, Kill, Delay, Refuse:
	default:
		return fmt.Errorf("add a fault: unknown action %q", fault.Action)
	}
	if fault.Count == 0 {
		fault.Count = 1
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.list = append(f.list, &fault)
	return nil
}

// faultReport is the answer to GET FaultPath.
type faultReport struct {
	Struck  int `json:"struck"`
	InForce int `json:"in_force"`
}

// ServeHTTP is the door for tests in other processes.
func (f *faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		var fault Fault
		err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&fault)
		if err == nil {
			err = f.add(fault)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	case http.MethodDelete:
		f.mutex.Lock()
		f.list, f.struck = nil, 0
		f.mutex.Unlock()
	default:
		f.mutex.Lock()
		report := faultReport{Struck: f.struck, InForce: len(f.list)}
		f.mutex.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(report) // the client is gone
	}
}
