package main

import (
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// surroundings are all that a command takes from the process it runs in, so
// that a test can hand in its own.
type surroundings struct {
	stdout, stderr io.Writer
	environ        map[string]string
	hostName       string
	cacheDir       string // the user's; empty where there is none
	readFile       func(string) ([]byte, error)
	now            func() time.Time
	terminal       bool // whether stderr is one: progress bars and colours
	signals        bool // whether the process's signals are this command's
}

// fromProcess takes the real ones.
func fromProcess() surroundings {
	hostName, err := os.Hostname()
	if err != nil || hostName == "" {
		hostName = "holdfast"
	}
	cacheDir, err := os.UserCacheDir()
	if err != nil {
		cacheDir = ""
	}
	return surroundings{
		cacheDir: cacheDir, stdout: os.Stdout, stderr: os.Stderr, environ: environment(os.Environ()), hostName: hostName,
		readFile: os.ReadFile, now: time.Now, terminal: term.IsTerminal(int(os.Stderr.Fd())), signals: true,
	}
}

// environment turns NAME=value lines into a map.
func environment(lines []string) map[string]string {
	environ := make(map[string]string, len(lines))
	for _, line := range lines {
		if name, value, ok := strings.Cut(line, "="); ok {
			environ[name] = value
		}
	}
	return environ
}
