package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/internal/config"
)

// health speaks to whoever answers; what is no answer of ours, or none, is told in
// one line, and nothing of it is printed.
func TestHealthOfStrangers(t *testing.T) {
	serve := func(answer func(http.ResponseWriter, *http.Request)) string {
		server := httptest.NewServer(http.HandlerFunc(answer))
		t.Cleanup(server.Close)
		return server.URL
	}
	text := func(code int, body string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, test := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		code   int
		says   string
	}{
		"nothing":        {text(200, ""), 1, "(status 200): it is not an answer of Holdfast"},
		"a page":         {text(404, "<html>404"), 1, "(status 404): it is not an answer of Holdfast"},
		"a number":       {text(200, "1"), 1, "it is not an answer of Holdfast"},
		"a list":         {text(200, "[]"), 1, "it is not an answer of Holdfast"},
		"two objects":    {text(200, `{"ok":true}{"ok":true}`), 1, "it is not an answer of Holdfast"},
		"an endless one": {text(200, `{"ok":"`+strings.Repeat("x", 2<<20)), 1, "it is not an answer of Holdfast"},
		"another object": {text(200, `{}`), 1, ""},
		"a cut answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			_, _ = io.WriteString(w, "{")
		}, 1, "unexpected EOF"},
		"a closed one": {func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, 4,
			"is `holdfast run` up"},
		"a circle": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/readyz",
				http.StatusFound)
		}, 4, "stopped after 10 redirects"},
	} {
		got := holdfast(t, nil, "health", "--url", serve(test.answer))
		if got.code != test.code || !strings.Contains(got.stderr, test.says) || strings.Count(got.stderr, "\n") > 1 ||
			len(got.stderr) > 400 || test.says != "" && got.stdout != "" {
			t.Errorf("%s: %+v, want %d, %q", name, got, test.code, test.says)
		}
	}
	for url, code := range map[string]int{"127.0.0.1:1": 2, "http://127.0.0.1:port": 2, "ftp://127.0.0.1:1": 4,
		"http://": 4} {
		if got := holdfast(t, nil, "health", "--url", url); got.code != code || got.stdout != "" {
			t.Errorf("%s: %+v, want %d", url, got, code)
		}
	}
	url := serve(text(503, `{"ok":false,"checks":[{"name":"a\u001b[2J","why":"b\nREADY"}]}`))
	if got := holdfast(t, nil, "health", "--url", url); got.stdout != "NOT READY\n  no  \"a\\x1b[2J\": \"b\\nREADY\"\n" {
		t.Errorf("words that move the cursor: %q", got.stdout)
	}
	url = serve(text(200, `{"ok":true,"checks":[]}`))
	if got := holdfast(t, nil, "health", "--url", url, "-o", "json"); got.code != 0 ||
		got.stdout != `{"ok":true,"checks":[]}` {
		t.Errorf("as JSON: %+v", got)
	}
}

// The exit code of an error is that of the outermost that knows one.
func TestCodesOfErrors(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, exitOK}, {errors.New("x"), exitFailed}, {usage("x"), exitUsage},
		{fmt.Errorf("a: %w", usage("x")), exitUsage}, {&coded{exitPartial, usage("x")}, exitPartial},
		{errors.Join(errors.New("a"), unreachable("b", "c", io.EOF)), exitUnreachable},
		{&config.Invalid{}, exitInvalid}, {fmt.Errorf("a: %w", &config.Invalid{}), exitInvalid},
		{context.Canceled, exitFailed},
	} {
		if got := codeOf(test.err); got != test.want {
			t.Errorf("%v: %d, want %d", test.err, got, test.want)
		}
	}
	if err := unreachable("Kafka", "try again", io.EOF); !errors.Is(err, io.EOF) ||
		err.Error() != "reach Kafka: EOF → try again" {
		t.Errorf("%v", err)
	}
}

// Causes are told without what an address around them may hold.
func TestPlainCauses(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	slow := &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	for _, test := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("http://u:s3cret@h: %w", refused), "dial tcp: connection refused"},
		{fmt.Errorf("http://u:s3cret@h: %w", slow), "no answer within 10s"},
		{fmt.Errorf("http://u:s3cret@h: %w", context.DeadlineExceeded), "no answer within 10s"},
		{io.EOF, "EOF"},
	} {
		if got := withPlainCause(test.err).Error(); got != test.want {
			t.Errorf("%v: %s, want %s", test.err, got, test.want)
		}
	}
}

func TestEnvironmentsOfProcesses(t *testing.T) {
	got := environment([]string{"A=1", "B=", "C=a=b", "D", "=E", "", "A=2"})
	if diff := cmp.Diff(map[string]string{"A": "2", "B": "", "C": "a=b", "": "E"}, got); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]bool{"": false, "1": true, "true": true, "T": true, "0": false, "yes": false,
		"on": false} {
		if isOn(text) != want {
			t.Errorf("%q is on: %v", text, !want)
		}
	}
}

// Levels and forms of logs by the flags; quiet leaves errors alone.
func TestLevelsOfLogs(t *testing.T) {
	for level, want := range map[string]string{"debug": "dbg inf wrn err", "info": "inf wrn err", "warn": "wrn err",
		"error": "err", "loud": "inf wrn err"} {
		for _, quiet := range []bool{false, true} {
			var out bytes.Buffer
			c := &cli{surroundings: surroundings{stderr: &out}, logFormat: "json", logLevel: level, quiet: quiet}
			log := c.logger()
			log.Debug("dbg")
			log.Info("inf")
			log.Warn("wrn")
			log.Error("err")
			var said []string
			for _, word := range []string{"dbg", "inf", "wrn", "err"} {
				if strings.Contains(out.String(), `"msg":"`+word+`"`) {
					said = append(said, word)
				}
			}
			wanted := want
			if quiet {
				wanted = "err"
			}
			if got := strings.Join(said, " "); got != wanted {
				t.Errorf("%s, quiet %v: %s, want %s", level, quiet, got, wanted)
			}
		}
	}
}

// The board takes what is on the topic: what is unknown to it changes no order.
func TestTheBoardTakesWhatComes(t *testing.T) {
	b := newBoard()
	amount := func(text string) *string { return &text }
	risk := 0.876
	for _, alert := range []boardAlert{
		{AlertID: "1", CustomerID: "c-1", Level: "critical", AtStake: amount("no number"), Action: "raised"},
		{AlertID: "2", CustomerID: "c-2", Level: "critical", Action: "raised"},
		{AlertID: "3", CustomerID: "c-3", Level: "critical", AtStake: amount("12.50"), Currency: "EUR", Score: &risk,
			Action: "raised"},
		{AlertID: "3", CustomerID: "c-3", Level: "critical", AtStake: amount("12.50"), Currency: "EUR", Score: &risk,
			Action: "updated"},
		{AlertID: "4", CustomerID: "c-4", Level: "unheard", AtStake: amount("9999"), Action: "raised"},
		{AlertID: "5", CustomerID: "c-5", Level: "watch", AtStake: amount("99"), Action: "raised"},
		{AlertID: "6", CustomerID: "c-6", Level: "watch", Action: "expired"},
	} {
		b.take(alert)
	}
	var ids []string
	for _, alert := range b.top(10) {
		ids = append(ids, alert.AlertID)
	}
	if got := strings.Join(ids, " "); got != "3 1 2 5 4" {
		t.Errorf("order %s", got)
	}
	if got, want := b.counts(), (boardCounts{open: 5, critical: 3, told: 5}); got != want {
		t.Errorf("the board counts %+v, want %+v", got, want)
	}
	var text bytes.Buffer
	b.printTop(&text, 2)
	for _, want := range []string{"TOP 2 OF 5 CUSTOMERS", "c-3", "88 %", "EUR 12.50", "c-1"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &text)
		}
	}
	if strings.Contains(text.String(), "c-2") || strings.Contains(text.String(), "none is critical") {
		t.Errorf("the board says\n%s", &text)
	}
}
