package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/holdfast/holdfast/internal/simulation"
)

// place is where one shop is tried: engines, and the variables that lead to them.
type place struct {
	program, dir, kafka, clickhouse string
	environ                         []string
	running                         []*exec.Cmd
}

// try sends a shop's events to the program and measures its alerts. What happened
// in the first half is sent first, so that a model is in force when the second,
// which is measured, begins.
func try(ctx context.Context, program string, s *shop) (l line, err error) {
	dir, err := os.MkdirTemp("", "holdfast-shops-")
	if err != nil {
		return l, fmt.Errorf("make a folder: %w", err)
	}
	p := &place{program: program, dir: dir}
	defer func() { err = errors.Join(err, p.close(), os.RemoveAll(dir)) }()
	if p.program, err = filepath.Abs(program); err != nil {
		return l, fmt.Errorf("find the program: %w", err)
	}
	if err := p.engines(ctx); err != nil {
		return l, err
	}
	if _, err := p.start(ctx, "run"); err != nil {
		return l, err
	}
	lives := s.Lives()
	cut := s.Start.AddDate(0, 0, s.Days/2)
	end := s.Start.AddDate(0, 0, s.Days)
	if err := p.send(ctx, s, lives, s.Start, cut); err != nil {
		return l, err
	}
	if err := p.fitted(ctx, boughtBefore(lives, cut)); err != nil {
		return l, err
	}
	if err := p.send(ctx, s, lives, cut, end); err != nil {
		return l, err
	}
	onsets, err := p.onsets(ctx)
	if err != nil {
		return l, err
	}
	return measure(s, lives, onsets, cut, end), nil
}

// engines starts Kafka and ClickHouse and reads where they are.
func (p *place) engines(ctx context.Context) error {
	out, err := p.start(ctx, "engines", "--kafka-listen", "127.0.0.1:0", "--clickhouse-listen", "127.0.0.1:0",
		"--data", filepath.Join(p.dir, "data"))
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch fields := strings.Fields(lines.Text()); {
		case len(fields) < 2:
		case fields[0] == "Kafka":
			p.kafka = fields[1]
		case fields[0] == "ClickHouse":
			p.clickhouse = fields[1]
		case fields[0] == "Ready.":
			go io.Copy(io.Discard, out) //nolint:errcheck // it says nothing more that matters
			p.environ = append(os.Environ(), "HOLDFAST_KAFKA_BROKERS="+p.kafka, "HOLDFAST_CLICKHOUSE_DSN="+p.clickhouse,
				"HOLDFAST_OPS_LISTEN=127.0.0.1:0", "HOLDFAST_TIME_CLOCK=events")
			return nil
		}
	}
	return errors.New("the engines did not start")
}

// start starts a command that goes on until close.
func (p *place) start(ctx context.Context, args ...string) (io.Reader, error) {
	c := exec.CommandContext(ctx, p.program, args...)
	c.Env, c.Dir = p.environ, p.dir
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	log, err := os.Create(filepath.Join(p.dir, args[0]+".log"))
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	c.Stderr = log
	if err := errors.Join(c.Start(), log.Close()); err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	p.running = append(p.running, c)
	return out, nil
}

// once runs a command to its end.
func (p *place) once(ctx context.Context, args ...string) error {
	c := exec.CommandContext(ctx, p.program, args...)
	c.Env, c.Dir = p.environ, p.dir
	if said, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, said)
	}
	return nil
}

func (p *place) close() error {
	var all []error
	for i := len(p.running) - 1; i >= 0; i-- {
		c := p.running[i]
		all = append(all, c.Process.Signal(syscall.SIGTERM))
		c.Wait() //nolint:errcheck // how it ends after its results were read does not matter
	}
	return errors.Join(all...)
}

// fitted waits until a model of nearly all of so many customers is in force: one of
// the first of them may have been fitted while the others were on their way.
func (p *place) fitted(ctx context.Context, customers int) error {
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		n, err := p.ask(ctx, fmt.Sprintf(
			"SELECT count() FROM model_params WHERE model = 'purchase' AND n >= %d", customers*9/10))
		if err != nil {
			return err
		}
		if strings.TrimSpace(n) != "0" {
			return nil
		}
	}
	return errors.New("no model was fitted within two minutes of the first half")
}

// boughtBefore is how many customers have bought before a moment.
func boughtBefore(lives []simulation.Life, at time.Time) (n int) {
	for i := range lives {
		if lives[i].Purchases[0].Before(at) {
			n++
		}
	}
	return n
}

// onset is an alert that was raised.
type onset struct {
	at         time.Time
	suppressed string
}

// onsets are the churn alerts that were raised, by customer, rising.
func (p *place) onsets(ctx context.Context) (map[string][]onset, error) {
	text, err := p.ask(ctx, "SELECT customer_id, toUnixTimestamp64Milli(as_of), suppressed_reason FROM alert_event FINAL "+
		"WHERE family = 'churn' AND kind IN ('churn_risk', 'silent_churn') AND action = 'raised' ORDER BY customer_id, as_of")
	if err != nil {
		return nil, err
	}
	all := map[string][]onset{}
	for text := range strings.Lines(text) {
		fields := strings.Split(strings.TrimRight(text, "\n"), "\t")
		millis, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read an alert: %w", err)
		}
		all[fields[0]] = append(all[fields[0]], onset{time.UnixMilli(millis).UTC(), fields[2]})
	}
	return all, nil
}

// ask asks ClickHouse, in its tab-separated form.
func (p *place) ask(ctx context.Context, query string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		p.clickhouse+"/?database=holdfast&default_format="+url.QueryEscape("TabSeparated"), bytes.NewBufferString(query))
	if err != nil {
		return "", fmt.Errorf("ask ClickHouse: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("ask ClickHouse: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", fmt.Errorf("ask ClickHouse: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("ask ClickHouse %q: %s", query, body)
	}
	return string(body), nil
}
