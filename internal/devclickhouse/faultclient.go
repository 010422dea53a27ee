package devclickhouse

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// faultClient talks to the front end of another process.
type faultClient struct{ addr string }

func (c faultClient) call(ctx context.Context, method string, fault *Fault) (report faultReport, err error) {
	var body bytes.Buffer
	if fault != nil {
		if err := json.NewEncoder(&body).Encode(fault); err != nil {
			return report, fmt.Errorf("encode a fault: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+c.addr+FaultPath, &body)
	if err != nil {
		return report, fmt.Errorf("prepare a fault's request: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return report, fmt.Errorf("reach the engine's fault hooks: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return report, fmt.Errorf("read the fault hooks' answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return report, fmt.Errorf("set a fault: %s: %s", answer.Status, strings.TrimSpace(string(text)))
	}
	if method == http.MethodGet {
		if err := json.Unmarshal(text, &report); err != nil {
			return report, fmt.Errorf("read the fault report: %w", err)
		}
	}
	return report, nil
}
