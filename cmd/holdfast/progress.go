package main

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress tells how a long piece of work goes: a bar for a person, a log line
// every 5 s or 10 % otherwise, nothing with --quiet.
type progress struct {
	what    string
	total   int64
	begun   time.Time
	now     func() time.Time
	bar     *progressbar.ProgressBar
	logger  *slog.Logger
	printed time.Time
	tenth   int64
}

const logEvery = 5 * time.Second

func (c *cli) progress(what string, total int64) *progress {
	p := &progress{what: what, total: total, begun: c.now(), printed: c.now(), now: c.now}
	switch {
	case c.quiet:
	case c.terminal:
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(c.stderr), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	default:
		p.logger = c.logger()
	}
	return p
}

// to says how far the work is. It is called by one goroutine at a time.
func (p *progress) to(done int64) {
	if p.bar != nil {
		_ = p.bar.Set64(done) // a bar that cannot be drawn is no reason to stop
	}
	if p.logger == nil {
		return
	}
	tenth := int64(0)
	if p.total > 0 {
		tenth = done * 10 / p.total
	}
	if now := p.now(); tenth > p.tenth && now.Sub(p.printed) >= time.Second || now.Sub(p.printed) >= logEvery {
		p.tenth, p.printed = tenth, now
		rate := float64(done) / max(now.Sub(p.begun).Seconds(), 1e-3)
		values := []any{"what", p.what, "done", done, "per_second", int64(rate)}
		if p.total > 0 {
			values = append(values, "total", p.total)
			// Without anything done nobody knows how long the rest takes.
			if left := float64(p.total-done) / rate; done > 0 && left < 1e9 {
				values = append(values, "eta", time.Duration(max(0, left)*float64(time.Second)).Round(time.Second).String())
			}
		}
		p.logger.Info("progress", values...)
	}
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// rateOf words a number of things in a time.
func rateOf(count int64, took time.Duration) string {
	return fmt.Sprintf("%.0f/s", float64(count)/max(took.Seconds(), 1e-3))
}
