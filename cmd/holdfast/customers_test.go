package main

import (
	"context"
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// TestWhoMayAskAnInstance: an instance that is not at work says so to whom it answers:
// with its token, or without one on this host.
func TestWhoMayAskAnInstance(t *testing.T) {
	token := write(t, "token", "s3cret\n")
	for name, test := range map[string]struct {
		listen, token, bears string
		pprof                bool
		code, profiles       int
	}{
		"on this host":              {"127.0.0.1:0", "", "", false, 503, 404},
		"on every host":             {":0", "", "", false, 403, 404},
		"a token, not given":        {"127.0.0.1:0", token, "", false, 401, 404},
		"a token":                   {":0", token, "s3cret", false, 503, 404},
		"a token, and for profiles": {":0", token, "s3cret", true, 503, 200},
	} {
		c := &cli{surroundings: surroundings{stdout: io.Discard, stderr: io.Discard, environ: map[string]string{},
			hostName: "test-host", readFile: os.ReadFile, now: time.Now}, logLevel: "info", logFormat: "auto"}
		loaded, err := c.setup()
		if err != nil {
			t.Fatal(err)
		}
		loaded.Ops.Listen, loaded.Ops.TokenFile, loaded.Ops.Pprof = test.listen, test.token, test.pprof
		i, err := c.newInstance(loaded, roles{process: true})
		if err != nil {
			t.Fatal(err)
		}
		ask := func(path string) *httptest.ResponseRecorder {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			r := httptest.NewRequestWithContext(ctx, "GET", path, nil)
			if r.Host = "127.0.0.1"; test.bears != "" {
				r.Header.Set("Authorization", "Bearer "+test.bears)
			}
			recorder := httptest.NewRecorder()
			i.handler().ServeHTTP(recorder, r)
			return recorder
		}
		if got := ask("/customers/c-1"); got.Code != test.code || test.code == 503 &&
			!strings.Contains(got.Body.String(), "not ready: starting") {
			t.Errorf("%s: %d %s, want %d", name, got.Code, got.Body, test.code)
		}
		if got := ask("/debug/pprof/cmdline"); got.Code != test.profiles {
			t.Errorf("%s: profiles: %d, want %d", name, got.Code, test.profiles)
		}
		if err := i.listener.Close(); err != nil {
			t.Error(err)
		}
	}
}
