package backfill

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzCSV feeds any text as rows, under each reading of lines: nothing panics,
// every event is JSON, and what is streamed or spilled is what memory makes.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{items,
		"cust,date,status,invoice,amount,discount\nk,2026-03-01,,1,\"1,\nk,2026-03-01,,1,2,\"\n",
		"cust,date,status,invoice,amount,discount\r\nk,2026-03-01,,,1,\r\nk,2026-03-01,paid,,-1,9\r\n", "\ufeffcust;date\n",
		"sep=;\ncust;date"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, lines := range []string{"", "lines: sum", "lines: first"} {
			options := Options{Name: "f", Format: CSV, Map: mapOf(t, lines+itemsMap), MemoryBytes: 1 << 20}
			whole := prepare(t, options, text)
			for _, value := range whole.values {
				if !json.Valid([]byte(value)) {
					t.Fatalf("%s is no JSON", value)
				}
			}
			options.MemoryBytes = 3000
			small := prepare(t, options, text)
			if small.err == nil && whole.err == nil {
				if diff := cmp.Diff(whole.values, small.values); diff != "" {
					t.Error(lines, diff)
				}
			} else if errors.Is(whole.err, ErrConflict) && small.err == nil {
				t.Error(lines, whole.err)
			}
		}
	})
}
