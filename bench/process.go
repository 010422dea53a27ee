package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// process is a system under test, seen from the driver.
type process struct {
	order   order
	command *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
}

// start starts a system on the measured core, with one processor for Go.
func start(c *cores, o order) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Name, err)
	}
	text, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Name, err)
	}
	p := &process{order: o, command: exec.Command(program)}
	p.command.Env = append(os.Environ(), childVariable+"="+string(text), "GOMAXPROCS=1")
	p.command.Stderr = os.Stderr
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Name, err)
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Name, err)
	}
	p.out = json.NewDecoder(out)
	if err := c.onSystemCore(p.command.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Name, err)
	}
	return p, nil
}

// ask gives a command and waits for what comes of it.
func (p *process) ask(ctx context.Context, c command) (result, error) {
	stop := context.AfterFunc(ctx, func() { p.command.Process.Kill() })
	defer stop()
	if err := json.NewEncoder(p.in).Encode(c); err != nil {
		return result{}, fmt.Errorf("ask %s: %w", p.order.Name, err)
	}
	var r result
	if err := p.out.Decode(&r); err != nil {
		return r, fmt.Errorf("hear from %s: %w", p.order.Name, err)
	}
	if r.Error != "" {
		return r, fmt.Errorf("run %s: %s", p.order.Name, r.Error)
	}
	return r, nil
}

// hold stops the process from doing anything, fetching ahead included.
func (p *process) hold() error   { return p.signal(syscall.SIGSTOP) }
func (p *process) resume() error { return p.signal(syscall.SIGCONT) }

func (p *process) signal(s syscall.Signal) error {
	if err := p.command.Process.Signal(s); err != nil {
		return fmt.Errorf("signal %s: %w", p.order.Name, err)
	}
	return nil
}

// end lets the system stop cleanly and says what it held.
func (p *process) end(ctx context.Context) (result, error) {
	if err := p.resume(); err != nil {
		return result{}, err
	}
	r, err := p.ask(ctx, command{})
	return r, errors.Join(err, p.in.Close(), p.command.Wait())
}

// kill is for a driver that gives up.
func (p *process) kill() {
	p.command.Process.Kill()
	p.command.Wait()
}
