package outbox

import (
	"errors"
	"testing"
	"time"
)

// TestPace: waits grow to the most, and the class of the latest failure decides.
func TestPace(t *testing.T) {
	l := &Loader{config: Config{Waits: Waits{Least: time.Millisecond, Most: 100 * time.Millisecond,
		Busy: 20 * time.Millisecond, Configuration: time.Minute}}}
	p := l.pace()
	const jitter = 2 // a wait is half as long again at most
	last := time.Duration(0)
	for i := range 30 {
		last = p.NextBackOff()
		if last <= 0 || last > jitter*100*time.Millisecond {
			t.Fatalf("wait %d is %s", i, last)
		}
	}
	if last < 100*time.Millisecond/jitter {
		t.Errorf("the last of 30 waits is %s", last)
	}
	p.Reset()
	if p.class = Busy; p.NextBackOff() != 20*time.Millisecond {
		t.Error("a busy store is asked too soon")
	}
	if p.class = Configuration; p.NextBackOff() != time.Minute {
		t.Error("a wait for a person does not keep its length")
	}
}

// TestNotWrittenIsOfKafka: clipped to a line, and never the store's.
func TestNotWrittenIsOfKafka(t *testing.T) {
	f := notWritten(errors.New("first line\nsecond"))
	if f.Class.String() != "kafka_write" || f.Text != "first line" || f.Fix == "" {
		t.Errorf("%+v", f)
	}
	for c := range Class(255) {
		if c.String() == "" {
			t.Errorf("class %d has no name", c)
		}
	}
}
