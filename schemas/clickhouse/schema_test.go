package clickhouse

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "add migrations that are new to testdata/released.txt")

func TestMigrationsAreNumberedAndRepeatable(t *testing.T) {
	steps := Migrations()
	if len(steps) < 5 {
		t.Fatalf("%d migrations", len(steps))
	}
	for i, step := range steps {
		if step.Number != uint32(i+1) || step.Name == "" || len(step.Checksum) != 64 {
			t.Errorf("migration %d: %+v", i+1, step)
		}
		for _, line := range strings.Split(step.SQL, "\n") {
			again := strings.Contains(line, "IF NOT EXISTS") || strings.Contains(line, "OR REPLACE VIEW")
			if strings.HasPrefix(line, "CREATE ") && !again {
				t.Errorf("migration %d cannot be run again: %s", step.Number, line)
			}
		}
	}
}

// TestMigrationsNeverChange: an installation that has run a migration refuses
// one of the same number and another text. -rewrite adds the sums of new ones; a
// sum that stands in the file stays.
func TestMigrationsNeverChange(t *testing.T) {
	const path = "testdata/released.txt"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	steps, released := Migrations(), strings.Fields(string(text))
	if len(released) > len(steps) {
		t.Fatalf("%d migrations, %d of them released: none may go", len(steps), len(released))
	}
	for i, step := range steps {
		if i == len(released) && *rewrite {
			released = append(released, step.Checksum)
		}
		if i == len(released) {
			t.Fatalf("migration %d is new: run with -rewrite once it is right", step.Number)
		}
		if step.Checksum != released[i] {
			t.Errorf("migration %d was changed: put it back, and what you want to change into migration %d",
				step.Number, len(steps)+1)
		}
	}
	if *rewrite && !t.Failed() {
		if err := os.WriteFile(path, []byte(strings.Join(released, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
