package enginetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse"
)

// faults holds the faults in force.
type faults struct {
	mutex sync.Mutex
	list  []*devclickhouse.Fault
}

// Strike does what is due at point for a statement. It does not return when the
// process is killed.
func (f *faults) Strike(ctx context.Context, point devclickhouse.FaultPoint, sql string) error {
	due, ok := f.due(point, sql)
	if !ok {
		return nil
	}
	switch due.Action {
	case devclickhouse.Kill:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	case devclickhouse.Delay:
		select {
		case <-time.After(due.Delay):
		case <-ctx.Done():
		}
		return nil
	case devclickhouse.Refuse:
		return devclickhouse.Refusal(due.Code, "FAULT_FOR_TESTS", "A fault for tests")
	default:
		return devclickhouse.ErrDrop
	}
}

func (f *faults) due(point devclickhouse.FaultPoint, sql string) (devclickhouse.Fault, bool) {
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
		if fault.Count--; fault.Count <= 0 {
			f.list = append(f.list[:i], f.list[i+1:]...)
		}
		return *fault, true
	}
	return devclickhouse.Fault{}, false
}

// add puts a fault in force.
func (f *faults) add(fault devclickhouse.Fault) error {
	switch fault.Point {
	case devclickhouse.BeforeBody, devclickhouse.AfterBody, devclickhouse.MidApply, devclickhouse.AfterApply:
	default:
		return fmt.Errorf("add a fault: unknown point %q", fault.Point)
	}
	switch fault.Action {
	case devclickhouse.Drop, devclickhouse.Kill, devclickhouse.Delay, devclickhouse.Refuse:
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

// ServeHTTP takes a fault from tests in other processes.
func (f *faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var fault devclickhouse.Fault
	err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&fault)
	if err == nil {
		err = f.add(fault)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// send puts a fault in force in the engine at an address.
func send(ctx context.Context, address string, fault devclickhouse.Fault) error {
	text, err := json.Marshal(fault)
	if err != nil {
		return fmt.Errorf("encode a fault: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+devclickhouse.FaultPath,
		bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("prepare a fault's request: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("reach the engine's fault hooks: %w", err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(said)))
	}
	if err != nil {
		return fmt.Errorf("set a fault: %w", err)
	}
	return nil
}
