package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline"
)

// TestLivezSaysWhatStandsStill blocks the loop of an instance for ever: /livez
// says so, and the instance ends with the same words.
func TestLivezSaysWhatStandsStill(t *testing.T) {
	p := newPlace(t)
	c := &cli{surroundings: surroundings{stdout: io.Discard, stderr: io.Discard, environ: p.environ, hostName: "test-host",
		readFile: os.ReadFile, now: time.Now}, configPath: p.environ["HOLDFAST_CONFIG"], logLevel: "info", logFormat: "auto"}
	loaded, err := c.load()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := c.pipelineConfig(loaded)
	if err != nil {
		t.Fatal(err)
	}
	block := make(chan struct{})
	defer close(block)
	cfg.StuckAfter = 2 * time.Second
	cfg.Client = append(cfg.Client, kgo.WithHooks(&blockedPoll{nth: 3, block: block}))
	i := &instance{loaded: loaded, logger: slog.New(slog.DiscardHandler), registry: prometheus.NewRegistry()}
	if i.pipeline, err = pipeline.New(cfg); err != nil {
		t.Fatal(err)
	}
	livez := func() (int, string) {
		answer := httptest.NewRecorder()
		i.handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/livez", nil))
		return answer.Code, answer.Body.String()
	}
	if code, body := livez(); code != http.StatusOK {
		t.Errorf("at the start: %d %s", code, body)
	}
	ended := make(chan error, 1)
	go func() { ended <- i.run(t.Context(), 10*time.Second) }()
	const words = "the loop stands still in "
	said := ""
	late := time.After(time.Minute)
	for {
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("the instance ended with %v", err)
			}
			if !strings.Contains(said, words) {
				t.Errorf("/livez said %q", said)
			}
			return
		case <-time.After(50 * time.Millisecond):
			if code, body := livez(); code == http.StatusServiceUnavailable {
				said = body
			}
		case <-late:
			t.Fatal("the instance goes on")
		}
	}
}

// blockedPoll is a hook of the client that blocks its nth poll.
type blockedPoll struct {
	nth   int
	block <-chan struct{}
}

var _ kgo.HookPollStart = (*blockedPoll)(nil)

// OnPollStart implements kgo.HookPollStart.
func (p *blockedPoll) OnPollStart(context.Context) {
	if p.nth--; p.nth == 0 {
		<-p.block
	}
}
