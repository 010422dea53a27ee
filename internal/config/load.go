package config

import (
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Origin says where a value came from.
type Origin string

// Origins in rising order of precedence.
const (
	FromDefault Origin = "default"
	FromFile    Origin = "file"
	FromEnv     Origin = "env"
	FromFlag    Origin = "flag"
)

// Input is all that a configuration is made of.
type Input struct {
	Path        string            // name of the file, for messages; empty where there is none
	File        []byte            // its content; used only where Path is given
	Environ     map[string]string // environment variables
	Flags       map[string]string // key path: text, as a variable would have it
	HostName    string            // stands for an instance id that nobody gave
	InsecureDev bool              // allow connections without encryption to other hosts
}

// Loaded is a valid configuration and where its values came from.
type Loaded struct {
	Config
	Path     string    // the file, "" where there was none
	Warnings []Problem // what is worth saying and stops nothing

	origins map[string]Origin
	lines   map[string]int
}

// Load puts defaults, file, environment and flags together, each over the one
// before, and checks the result. The error is an *Invalid that holds every
// problem found.
func Load(input Input) (*Loaded, error) {
	loaded := &Loaded{Config: Default(), Path: input.Path, origins: map[string]Origin{}, lines: map[string]int{}}
	var problems []Problem
	if input.Path != "" {
		// Who writes a file says where things are: a forgotten address must
		// not turn into one on this host.
		loaded.Kafka.Brokers, loaded.Sinks.ClickHouse.DSN = nil, ""
		reader := readFile(input.Path, input.File, &loaded.Config)
		problems = append(problems, reader.problems...)
		loaded.lines = reader.lines
		for path := range reader.lines {
			loaded.origins[path] = FromFile
		}
	}
	problems = append(problems, loaded.overlay(FromEnv, byVariable(&loaded.Config, input.Environ))...)
	problems = append(problems, unknownVariables(&loaded.Config, input.Environ)...)
	problems = append(problems, loaded.overlay(FromFlag, input.Flags)...)
	loaded.settle(input.HostName)
	checked := loaded.Config.validate(input.InsecureDev)
	if HasErrors(problems) {
		// What could not be read has its default now: judging that would
		// report the same mistake twice.
		checked = without(checked, problems)
	}
	for i := range checked {
		loaded.locate(&checked[i])
	}
	problems = append(problems, checked...)
	arrange(problems)
	if HasErrors(problems) {
		return nil, &Invalid{Problems: problems}
	}
	loaded.Warnings = problems
	return loaded, nil
}

// byVariable translates the environment into key paths. An empty variable
// counts as not set, as compose files leave them behind.
func byVariable(config *Config, environ map[string]string) map[string]string {
	texts := map[string]string{}
	for _, leaf := range leaves(config) {
		if text := environ[leaf.env()]; leaf.env() != "" && text != "" {
			texts[leaf.path] = text
		}
	}
	return texts
}

// ownVariables are read by the command line and are not keys of the file.
var ownVariables = []string{"HOLDFAST_CONFIG", "HOLDFAST_INSECURE_DEV", "HOLDFAST_LOG_LEVEL", "HOLDFAST_LOG_FORMAT",
	"HOLDFAST_SHARED_DATA", "HOLDFAST_CACHE", "HOLDFAST_CHDB_LIB"}

// unknownVariables warns of variables that look like ours and are not read. A
// warning only: orchestrators set such names for services of that name.
func unknownVariables(config *Config, environ map[string]string) []Problem {
	known := append([]string(nil), ownVariables...)
	for _, leaf := range leaves(config) {
		if leaf.env() != "" {
			known = append(known, leaf.env())
		}
	}
	var problems []Problem
	for name := range environ {
		if !strings.HasPrefix(name, "HOLDFAST_") || contains(known, name) {
			continue
		}
		if guess := Nearest(name, known); guess != "" {
			problems = append(problems, Problem{Source: "environment", Level: Warning,
				Message: name + " is not a variable that is read", Fix: "did you mean " + guess + "?"})
		}
	}
	sort.Slice(problems, func(i, j int) bool { return problems[i].Message < problems[j].Message })
	return problems
}

func contains(list []string, text string) bool {
	for _, item := range list {
		if item == text {
			return true
		}
	}
	return false
}

// overlay sets keys from texts, one by one, so that each mistake is reported
// under its own name.
func (l *Loaded) overlay(origin Origin, texts map[string]string) []Problem {
	var problems []Problem
	for _, leaf := range leaves(&l.Config) {
		text, given := texts[leaf.path]
		if !given {
			continue
		}
		l.origins[leaf.path] = origin
		delete(l.lines, leaf.path)
		if text == "" && leaf.value.Kind() == reflect.String {
			leaf.value.SetString("") // a flag may switch something off
			continue
		}
		variables := map[string]string{leaf.env(): text}
		if err := env.ParseWithOptions(&l.Config, env.Options{Environment: variables}); err != nil {
			problem := Problem{Path: leaf.path, Source: "flag", Message: overlayWords(err, leaf, text)}
			if origin == FromEnv {
				problem.Source, problem.Fix = "environment", "correct the variable "+leaf.env()
			}
			problems = append(problems, problem)
		}
	}
	return problems
}

// overlayWords keeps our own scalars' words and replaces Go's.
func overlayWords(err error, leaf leaf, text string) string {
	var parse env.ParseError
	if errors.As(err, &parse) && reflect.PointerTo(leaf.value.Type()).Implements(textReader) {
		return parse.Err.Error()
	}
	return wrongText(leaf.value, text).Error()
}

// settle fills in what depends on the surroundings, and trims lists.
func (l *Loaded) settle(hostName string) {
	if l.Kafka.InstanceID == "" {
		l.Kafka.InstanceID = hostName
	}
	for _, list := range [][]string{l.Kafka.Brokers, l.Segments} {
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
	}
	if l.Kafka.TLS.On() {
		l.Kafka.TLS.Enabled = true
	}
}

// locate adds source and line to a problem, from the key or the nearest
// section above it.
func (l *Loaded) locate(problem *Problem) {
	problem.Source = l.Path
	if l.Path == "" {
		problem.Source = string(FromDefault)
	}
	for path := problem.Path; path != ""; path = parentPath(path) {
		if origin := l.origins[path]; origin == FromEnv || origin == FromFlag {
			problem.Source = map[Origin]string{FromEnv: "environment", FromFlag: "flag"}[origin]
			return
		}
		if line := l.lines[path]; line > 0 {
			problem.Line = line
			return
		}
	}
}

func parentPath(path string) string {
	if cut := strings.LastIndexAny(path, ".["); cut >= 0 {
		return path[:cut]
	}
	return ""
}

// without drops the problems whose key is among those already reported.
func without(problems, reported []Problem) []Problem {
	var kept []Problem
	for _, problem := range problems {
		seen := false
		for _, other := range reported {
			seen = seen || other.Path == "" || other.Path == problem.Path ||
				strings.HasPrefix(problem.Path, other.Path+".") || strings.HasPrefix(other.Path, problem.Path+".")
		}
		if !seen {
			kept = append(kept, problem)
		}
	}
	return kept
}

// Origin says where a key's value came from.
func (l *Loaded) Origin(path string) Origin {
	if origin, ok := l.origins[path]; ok {
		return origin
	}
	return FromDefault
}

// Source names file:line, the variable or the flag behind a key.
func (l *Loaded) source(leaf leaf) string {
	switch origin := l.Origin(leaf.path); origin {
	case FromFile:
		return fmt.Sprintf("file %s:%d", l.Path, l.lines[leaf.path])
	case FromEnv:
		return "env " + leaf.env()
	default:
		return string(origin)
	}
}
