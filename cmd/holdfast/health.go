package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/ops"
	"github.com/holdfast/holdfast/internal/textfile"
)

func (c *cli) healthCommand() *cobra.Command {
	var address string
	var timeout time.Duration
	command := &cobra.Command{
		Use: "health", Short: "Ask a running instance whether it is ready; exit 0 if it is",
		Long: `Ask a running instance whether it is ready, as a container's health check does.
Exit codes: 0 ready, 1 not ready (with the reasons), 4 nobody answers.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if address == "" {
				loaded, err := c.load()
				if err != nil {
					return err
				}
				if loaded.Ops.Listen == "" {
					return usage("ops.listen is empty: there is no listener to ask; name an address by --url")
				}
				address = "http://" + reachable(c.opsPlace(loaded))
			}
			ctx, cancel := context.WithTimeout(command.Context(), timeout)
			defer cancel()
			return c.health(ctx, strings.TrimSuffix(address, "/"))
		},
	}
	command.Flags().StringVar(&address, "url", "", "address of the ops listener (default: that of ops.listen)")
	command.Flags().DurationVar(&timeout, "timeout", 5*time.Second, "how long to wait for an answer")
	return command
}

// reachable turns an address that is listened on into one that can be dialled.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// notReady is the exit of an instance that answers and is not ready; what it
// said stands on stdout already.
type notReady struct{ error }

// Silent keeps the error from being printed once more.
func (notReady) Silent() bool { return true }

func (c *cli) health(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/readyz", nil)
	if err != nil {
		return usage("--url: %v", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return unreachable("holdfast at "+address, "is `holdfast run` up, and is this its ops.listen?", withPlainCause(err))
	}
	defer response.Body.Close()
	var report ops.Report
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", address, err)
	}
	if err := json.Unmarshal(body, &report); err != nil {
		return fmt.Errorf("read the answer of %s (status %d): it is not an answer of Holdfast", address, response.StatusCode)
	}
	if err := c.printReport(report, body); err != nil {
		return err
	}
	if !report.OK {
		return notReady{fmt.Errorf("%s is not ready", address)}
	}
	return nil
}

func (c *cli) printReport(report ops.Report, raw []byte) error {
	if c.output == "json" {
		_, err := c.stdout.Write(raw)
		return err
	}
	text := &strings.Builder{}
	text.WriteString(map[bool]string{true: "READY\n", false: "NOT READY\n"}[report.OK])
	for _, check := range report.Checks {
		mark := "ok"
		if !check.OK {
			mark = "no"
		}
		fmt.Fprintf(text, "  %-3s %s", mark, textfile.Printed(check.Name))
		if check.Why != "" {
			text.WriteString(": " + textfile.Printed(check.Why)) // anybody may listen there
		}
		text.WriteByte('\n')
	}
	_, err := io.WriteString(c.stdout, text.String())
	return err
}
