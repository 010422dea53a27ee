package config

import (
	"fmt"
	"sort"
	"strings"
)

// Severity of a problem.
type Severity uint8

// Severities. Only an Error stops the program.
const (
	Error Severity = iota
	Warning
)

// String returns error or warning.
func (l Severity) String() string {
	if l == Warning {
		return "warning"
	}
	return "error"
}

// Problem is one thing that is wrong with a configuration, and what to do.
type Problem struct {
	Path    string   // key, such as kafka.brokers; empty for the file as a whole
	Source  string   // file name, or "environment", "flag", "default"
	Line    int      // line in the file, 0 where the value did not come from it
	Level   Severity // whether it stops the program
	Message string   // what is wrong
	Fix     string   // what to do
}

// String writes path:line  level  message → fix.
func (p Problem) String() string {
	where := p.Source
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d", p.Source, p.Line)
	}
	text := p.Message
	if p.Path != "" {
		text = p.Path + ": " + text
	}
	if p.Fix != "" {
		text += " → " + p.Fix
	}
	return fmt.Sprintf("%s  %s  %s", where, p.Level, text)
}

// Invalid is the error of a configuration with at least one problem of
// severity Error. It holds them all, warnings too.
type Invalid struct{ Problems []Problem }

// Error writes all problems, one a line.
func (e *Invalid) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	lines = append(lines, "the configuration is not valid:")
	for _, problem := range e.Problems {
		lines = append(lines, problem.String())
	}
	return strings.Join(lines, "\n")
}

// ExitCode is the exit code of an invalid configuration.
func (e *Invalid) ExitCode() int { return 3 }

// HasErrors reports whether one of the problems stops the program.
func HasErrors(problems []Problem) bool {
	for _, problem := range problems {
		if problem.Level == Error {
			return true
		}
	}
	return false
}

// arrange sorts by line, then by path: the order in which a reader goes
// through the file.
func arrange(problems []Problem) {
	sort.SliceStable(problems, func(i, j int) bool {
		if problems[i].Line != problems[j].Line {
			return problems[i].Line < problems[j].Line
		}
		return problems[i].Path < problems[j].Path
	})
}

// Nearest returns the candidate that text was most likely meant to be, or "".
func Nearest(text string, candidates []string) string {
	best, limit := "", 1+len(text)/3
	for _, candidate := range candidates {
		if distance := editDistance(text, candidate); distance <= limit {
			best, limit = candidate, distance-1
		}
	}
	return best
}

// editDistance counts insertions, deletions and replacements (Levenshtein).
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	previous := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current := make([]int, len(b)+1)
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
		}
		previous = current
	}
	return previous[len(b)]
}
