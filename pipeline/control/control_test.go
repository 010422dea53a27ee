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
		{Kind: control.BackfillReached, Session: "b-1", Content: "c0ffee", File: "o.csv", Begun: 7, Events: 40, Sent: 12},
		{Kind: control.BackfillClosed, Session: control.AllSessions},
		{Kind: control.ReferralCredit, Customer: "c-é", Event: "referral-1", OccurredAt: 1_700_000_000_000_000},
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
		"many topics": `{"event_type":"internal","kind":"backfill_opened","session":"s","topics":[` +
			strings.Repeat(`"a",`, 16) + `"a"]}`,
		"long content": `{"event_type":"internal","kind":"backfill_opened","session":"s","content":"` +
			strings.Repeat("c", 65) + `"}`,
		"long file": `{"event_type":"internal","kind":"backfill_opened","session":"s","file":"` +
			strings.Repeat("f", 65) + `"}`,
		"negative count": `{"event_type":"internal","kind":"backfill_reached","session":"s","sent":-1}`,
		"a control character": `{"event_type":"internal","kind":"referral_credit","event_id":"r","customer_id":"a\u0000b",` +
			`"occurred_at_us":1700000000000000}`,
		"nobody's credit": `{"event_type":"internal","kind":"referral_credit","event_id":"r","occurred_at_us":1700000000000000}`,
		"long customer": `{"event_type":"internal","kind":"referral_credit","event_id":"r","occurred_at_us":1700000000000000,` +
			`"customer_id":"` + strings.Repeat("c", 129) + `"}`,
		"nameless credit": `{"event_type":"internal","kind":"referral_credit","customer_id":"c","occurred_at_us":1700000000000000}`,
		"timeless credit": `{"event_type":"internal","kind":"referral_credit","customer_id":"c","event_id":"r"}`,
		"negative total":  `{"event_type":"internal","kind":"backfill_reached","session":"s","events":-1}`,
		"too large":       `{"event_type":"internal","kind":"` + strings.Repeat("x", control.MaxBytes) + `"}`,
	} {
		if r, err := control.Parse([]byte(value)); !errors.Is(err, control.ErrInvalid) {
			t.Errorf("%s: %+v, %v, want %v", name, r, err, control.ErrInvalid)
		}
	}
}

// TestUnknownFieldsAreLeftOut: a later release may say more.
func TestUnknownFieldsAreLeftOut(t *testing.T) {
	got, err := control.Parse([]byte(`{"event_type":"internal","kind":"backfill_opened","session":"s","of_a_later_release":{"a":[1]},"sent":3}`))
	want := control.Record{EventType: control.EventType, Kind: control.BackfillOpened, Session: "s", Sent: 3}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
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
		if again, err := control.Parse(r.Encode()); err != nil && len(r.Encode()) <= control.MaxBytes ||
			err == nil && again.Kind != r.Kind {
			t.Fatalf("%+v comes back as %+v, %v", r, again, err)
		}
	})
}
