package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// program is the product as a process, seen from outside.
type program struct {
	path    string
	addrs   []string
	cores   *cores
	pinned  bool // alone on the measured core, with one processor for Go
	command *exec.Cmd
	ops     string
}

// start starts the program with more arguments, and returns when it is ready
// and how long that took.
func (p *program) start(ctx context.Context, arguments ...string) (took time.Duration, err error) {
	began := time.Now()
	if err := p.launch(nil, arguments...); err != nil {
		return 0, err
	}
	for {
		if response, err := http.Get("http://" + p.ops + "/readyz"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return time.Since(began), nil
			}
		}
		if time.Since(began) > 5*time.Minute || p.command.Process.Signal(syscall.Signal(0)) != nil || ctx.Err() != nil {
			return 0, fmt.Errorf("start %s: not ready after %s", p.path, time.Since(began).Round(time.Second))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// launch starts the program with more environment and arguments.
func (p *program) launch(environment []string, arguments ...string) (err error) {
	p.ops = "127.0.0.1:19464"
	arguments = append([]string{"run", "--brokers", strings.Join(p.addrs, ","), "--ops-listen", p.ops, "--group", "bench",
		"--instance-id", "one", "--log-level", "warn"}, arguments...)
	p.command = exec.Command(p.path, arguments...)
	p.command.Env = append(os.Environ(), environment...)
	p.command.Stderr = os.Stderr
	if !p.pinned {
		err = p.command.Start()
	} else {
		p.command.Env = append(p.command.Env, "GOMAXPROCS=1")
		err = p.cores.onSystemCore(p.command.Start)
	}
	if err != nil {
		return fmt.Errorf("start %s: %w", p.path, err)
	}
	return nil
}

// once runs another command of the program to its end.
func (p *program) once(environment string, arguments ...string) error {
	command := exec.Command(p.path, arguments...)
	command.Env = append(os.Environ(), environment)
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", p.path, strings.Join(arguments, " "), err, said)
	}
	return nil
}

// stop stops the program cleanly.
func (p *program) stop() error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the program: %w", err)
	}
	if err := p.command.Wait(); err != nil {
		return fmt.Errorf("stop the program: %w", err)
	}
	p.command = nil
	return nil
}

// kill ends the program at once.
func (p *program) kill() {
	if p.command == nil {
		return
	}
	p.command.Process.Kill()
	p.command.Wait()
	p.command = nil
}

// cpuSeconds is what the program has used, user and system.
func (p *program) cpuSeconds() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read the program's CPU time: %w", err)
	}
	// The name of the program, in parentheses, may hold blanks.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	const userAt, systemAt, ticksPerSecond = 11, 12, 100
	user, err1 := strconv.ParseFloat(fields[userAt], 64)
	system, err2 := strconv.ParseFloat(fields[systemAt], 64)
	return (user + system) / ticksPerSecond, errors.Join(err1, err2)
}

// memory is what the program holds: resident now and at its peak, and the live
// heap as of its last collection, in bytes.
type memory struct{ resident, peak, live int64 }

func (p *program) memory(ctx context.Context) (m memory, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return m, fmt.Errorf("read the program's memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		for name, into := range map[string]*int64{"VmRSS:": &m.resident, "VmHWM:": &m.peak} {
			if rest, ok := strings.CutPrefix(line, name); ok {
				kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
				if err != nil {
					return m, fmt.Errorf("read the program's memory: %w", err)
				}
				*into = kib << 10
			}
		}
	}
	live, err := p.metric(ctx, "go_memstats_heap_inuse_bytes")
	m.live = int64(live)
	return m, err
}

// metric adds up the samples of a metric.
func (p *program) metric(ctx context.Context, name string) (sum float64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.ops+"/metrics", nil)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		line := lines.Text()
		if rest, ok := strings.CutPrefix(line, name); ok && (rest[0] == ' ' || rest[0] == '{') {
			v, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
			if err != nil {
				return 0, fmt.Errorf("read metric %s: %w", name, err)
			}
			sum += v
		}
	}
	return sum, lines.Err()
}
