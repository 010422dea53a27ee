package txn

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// steps are those of a machine, drawn as the document draws them.
func steps[S interface {
	~int32 | ~uint8
	fmt.Stringer
}](m machine[S], last S) (all []string) {
	for from := S(0); from <= last; from++ {
		for to := S(0); to <= last; to++ {
			if slices.Contains(m[from], to) && from != to {
				all = append(all, fmt.Sprintf("%v -> %v", from, to))
			}
		}
	}
	return all
}

// TestStepsAreDrawn holds the steps of every state machine to those that
// docs/design.md draws, and that any other step panics.
func TestStepsAreDrawn(t *testing.T) {
	text, err := os.ReadFile("../../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"session": steps(sessionSteps, closed), "partition": steps(partitionSteps, regained),
		"commit": steps(commitSteps, unresolved),
	} {
		_, drawn, found := strings.Cut(string(text), "```states "+name+"\n")
		drawn, _, _ = strings.Cut(drawn, "```")
		var got []string
		for _, line := range strings.Split(strings.TrimSpace(drawn), "\n") {
			step, _, _ := strings.Cut(line, ":")
			got = append(got, strings.Join(strings.Fields(step), " "))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !found || !slices.Equal(got, want) {
			t.Errorf("docs/design.md draws the steps of a %s as\n%s\nwant\n%s", name, strings.Join(got, "\n"),
				strings.Join(want, "\n"))
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a step that is not drawn was taken")
		}
	}()
	sessionSteps.step(closed, working)
}

// TestPartitionsFollowTheGroup gives and takes numbers at random, between any two
// steps of the loop: what was taken away is let go of once, and no number is read
// for that was not restored since it was last given.
func TestPartitionsFollowTheGroup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPartitions()
		ours, taken := map[int32]bool{}, map[int32]bool{} // as the group has it; since the loop last looked
		restored := map[int32]bool{}                      // since it was last given
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			n := rapid.Int32Range(0, 2).Draw(t, "number")
			switch rapid.SampledFrom([]string{"give", "take", "loop", "restore", "read"}).Draw(t, "what") {
			case "give":
				p.give(n)
				ours[n] = true
			case "take":
				p.takeAway(n)
				delete(ours, n)
				delete(restored, n)
				taken[n] = true
			case "loop":
				gone := p.letGo()
				want := map[int32]bool{}
				for n := range taken {
					want[n] = ours[n]
				}
				if !maps.Equal(gone, want) {
					t.Fatalf("let go of %v, want %v", gone, want)
				}
				clear(taken)
			case "restore":
				want := ours[n] && !taken[n] && slices.Contains(p.waiting(), n)
				if got := p.restore(n); got != want {
					t.Fatalf("restore %d: %v, want %v", n, got, want)
				} else if got {
					restored[n] = true
				}
			case "read":
				if p.read(n) != (restored[n] && !taken[n]) {
					t.Fatalf("read %d, restored %v, taken %v", n, restored[n], taken[n])
				}
				restored[n] = false // once
			}
		}
	})
}
