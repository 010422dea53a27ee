package control_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline/control"
)

func TestRecordsComeBack(t *testing.T) {
	for _, want := range []control.Record{
		{Kind: control.BackfillOpened, Session: "b-1", Topics: []string{"a", "b"}},
		{Kind: control.BackfillReached, Session: "b-1", Topics: []string{"a", "b"}, Offsets: []int64{0, 17}, Through: -5},
		{Kind: control.BackfillClosed, Session: control.AllSessions},
		{Kind: control.RowsResend}, {Kind: control.ClockRepair}, {Kind: "of a later release"},
	} {
		got, err := control.Parse(want.Encode())
		want.EventType = control.EventType
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

func TestWhatIsNoControlRecord(t *testing.T) {
	for name, value := range map[string]string{
		"empty":             ``,
		"no JSON":           `{"event_type":`,
		"of another type":   `{"event_type":"visit","kind":"rows_resend"}`,
		"no session":        `{"event_type":"internal","kind":"backfill_opened"}`,
		"long session":      `{"event_type":"internal","kind":"backfill_closed","session":"` + strings.Repeat("s", 65) + `"}`,
		"an offset missing": `{"event_type":"internal","kind":"backfill_reached","session":"s","topics":["a","b"],"offsets":[1]}`,
		"negative offset":   `{"event_type":"internal","kind":"backfill_reached","session":"s","topics":["a"],"offsets":[-1]}`,
		"many topics":       `{"event_type":"internal","kind":"backfill_opened","session":"s","topics":[` + strings.Repeat(`"a",`, 16) + `"a"]}`,
		"too large":         `{"event_type":"internal","kind":"` + strings.Repeat("x", control.MaxBytes) + `"}`,
	} {
		if r, err := control.Parse([]byte(value)); !errors.Is(err, control.ErrInvalid) {
			t.Errorf("%s: %+v, %v, want %v", name, r, err, control.ErrInvalid)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(control.Record{Kind: control.BackfillReached, Session: "b", Topics: []string{"a"}, Offsets: []int64{1}}.Encode())
	f.Add([]byte(`{"event_type":"internal"}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		r, err := control.Parse(value)
		if err != nil {
			if !errors.Is(err, control.ErrInvalid) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if again, err := control.Parse(r.Encode()); err != nil && len(r.Encode()) <= control.MaxBytes || err == nil && again.Kind != r.Kind {
			t.Fatalf("%+v comes back as %+v, %v", r, again, err)
		}
	})
}
