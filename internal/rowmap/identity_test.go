package rowmap

import (
	"slices"
	"strings"
	"testing"
)

func TestMadeUpIdsStayWithinTheirLimit(t *testing.T) {
	for name, want := range map[string]string{"a/b.csv.gz": "b.csv", "b.csv": "b.csv", "B.CSV.GZ": "B.CSV"} {
		if got := FileStem(name); got != want {
			t.Errorf("FileStem(%q) = %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{strings.Repeat("n", 300), "a\nb", "\xff"} {
		if got := FileStem(name); len(got) > 16 || !printable(got) {
			t.Errorf("FileStem(%q) = %q", name, got)
		}
	}
}

func TestEveryFieldOfTheSchemaIsWrittenInItsForm(t *testing.T) {
	for _, names := range []map[string]bool{instants, amounts, integers, booleans, structured} {
		for name := range names {
			if !slices.Contains(Fields(), name) {
				t.Errorf("%s is no field of the schema", name)
			}
		}
	}
}

// A long name and the largest of rows still make an id within its limit.
func TestIdsThatAreMadeStayWithinTheirLimit(t *testing.T) {
	name := strings.Repeat("n", 32)
	r := Reader{file: FileStem(name), hash: strings.Repeat("f", 16), number: 99_999_999_999_999}
	if id := r.RowID(); len(id) > 64 || !strings.HasPrefix(id, name) {
		t.Errorf("%d bytes: %s", len(id), id)
	}
}
