package event

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

// TestListsAreFound finds each name of each list again, and nothing else.
func TestListsAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		names []string
		parse func([]byte) (uint8, bool)
	}{
		"kind":       {kindNames[:], func(b []byte) (uint8, bool) { v, ok := ParseKind(b); return uint8(v), ok }},
		"status":     {statusNames[:], func(b []byte) (uint8, bool) { v, ok := ParseStatus(b); return uint8(v), ok }},
		"category":   {categoryNames[:], func(b []byte) (uint8, bool) { v, ok := ParseCategory(b); return uint8(v), ok }},
		"channel":    {channelNames[:], func(b []byte) (uint8, bool) { v, ok := ParseChannel(b); return uint8(v), ok }},
		"resolution": {resolutionNames[:], func(b []byte) (uint8, bool) { v, ok := ParseResolution(b); return uint8(v), ok }},
		"closure":    {closureNames[:], func(b []byte) (uint8, bool) { v, ok := ParseClosureReason(b); return uint8(v), ok }},
		"outcome":    {outcomeNames[:], func(b []byte) (uint8, bool) { v, ok := ParseOutcome(b); return uint8(v), ok }},
	} {
		for i, text := range c.names {
			if v, ok := c.parse([]byte(text)); int(v) != i || ok != (i > 0) {
				t.Errorf("%s %q: got %d, %v", name, text, v, ok)
			}
		}
		for _, text := range []string{"no such name", c.names[1] + "x", c.names[1][:2]} {
			if v, ok := c.parse([]byte(text)); ok || v != 0 {
				t.Errorf("%s %q: got %d, %v", name, text, v, ok)
			}
		}
	}
}

// TestTables holds that no number is without a name, and that names and numbers
// stay: they lie in schemas and records.
func TestTables(t *testing.T) {
	text := ""
	for v := Order; int(v) < len(kindTable); v++ {
		text += fmt.Sprintf("%d %s %s", v, v, v.TypeOf())
		if v.Acts() {
			text += " acts"
		}
		text += "\n"
	}
	for v := Placed; int(v) < len(statusTable); v++ {
		text += fmt.Sprintf("%d %s %d %v\n", v, v, v.Rank(), v.OfComplaint())
	}
	golden, err := os.ReadFile("testdata/tables.txt")
	if *rewrite {
		err = os.WriteFile("testdata/tables.txt", []byte(text), 0o644)
		golden = []byte(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), text); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	if KindNone.TypeOf() != TypeNone || KindNone.Acts() || StatusNone.OfComplaint() || StatusNone.Rank() != 0 {
		t.Error("what is absent has attributes")
	}
}

func TestHashIDIsNeverZero(t *testing.T) {
	if HashID(nil) != 0xef46db3751d8e999 || HashID([]byte("c-1")) == HashID([]byte("c-2")) {
		t.Error("hashes must be stable and differ")
	}
}
