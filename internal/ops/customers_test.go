package ops

import (
	"context"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
)

// asked answers like an instance that knows one customer.
func asked(o *Options) {
	o.Customer = func(_ context.Context, id string) (int, any) {
		if id != "c/1 ü" {
			return 404, Problem{UnknownCustomer, "nobody"}
		}
		return 200, map[string]string{"customer_id": id}
	}
}

// Customers are told of to who bears the token, whatever the listener; without a token
// on this host alone, under a name of it.
func TestCustomersAreGuarded(t *testing.T) {
	const known = "/customers/c%2F1%20%C3%BC"
	for _, test := range []struct {
		name, path, host, bears string
		change                  func(*Options)
		code                    int
		words                   string
	}{
		{"this host", known, "127.0.0.1:9464", "", func(o *Options) { o.Local = true }, 200, `"customer_id": "c/1 ü"`},
		{"this host by name", known, "localhost", "", func(o *Options) { o.Local = true }, 200, "c/1"},
		{"this host by IPv6", known, "[::1]:9464", "", func(o *Options) { o.Local = true }, 200, "c/1"},
		{"a page of another site", known, "evil.example:9464", "", func(o *Options) { o.Local = true }, 403, "forbidden"},
		{"every host", known, "127.0.0.1:9464", "", func(*Options) {}, 403, "ops.token_file"},
		{"a token, and none given", known, "127.0.0.1", "", func(o *Options) { o.Token, o.Local = "t", true }, 401, "token"},
		{"another token", known, "127.0.0.1", "u", func(o *Options) { o.Token, o.Local = "t", true }, 401, "token"},
		{"the token", known, "holdfast:9464", "t", func(o *Options) { o.Token = "t" }, 200, "c/1"},
		{"nobody of this name", "/customers/c-2", "localhost", "", func(o *Options) { o.Local = true }, 404, UnknownCustomer},
		{"no name", "/customers/", "localhost", "", func(o *Options) { o.Local = true }, 404, ""},
		{"two names", "/customers/c/1", "localhost", "", func(o *Options) { o.Local = true }, 404, ""},
		{"no instance behind", known, "localhost", "", func(o *Options) { o.Local, o.Customer = true, nil }, 404, ""},
	} {
		o := options(asked)
		test.change(&o)
		request := httptest.NewRequest("GET", test.path, nil)
		if request.Host = test.host; test.bears != "" {
			request.Header.Set("Authorization", "Bearer "+test.bears)
		}
		recorder := httptest.NewRecorder()
		Handler(o).ServeHTTP(recorder, request)
		if recorder.Code != test.code || !strings.Contains(recorder.Body.String(), test.words) ||
			test.code != 200 && strings.Contains(recorder.Body.String(), "c/1") {
			t.Errorf("%s: %d %s", test.name, recorder.Code, recorder.Body)
		}
		if test.code == 200 && recorder.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", test.name, recorder.Header())
		}
	}
}

// A token that is there for customers opens no profiles by itself.
func TestTheTokenAloneOpensNoProfiles(t *testing.T) {
	o := options(func(o *Options) { o.Token = "abc" })
	if code, _ := get(t, o, "GET", "/debug/pprof/", "abc"); code != 404 {
		t.Errorf("%d", code)
	}
}

func TestIsLocal(t *testing.T) {
	for text, want := range map[string]bool{"127.0.0.1": true, "127.9.9.9": true, "::1": true, "0.0.0.0": false,
		"::": false, "192.168.1.1": false} {
		if got := IsLocal(&net.TCPAddr{IP: net.ParseIP(text), Port: 1}); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if IsLocal(&net.UnixAddr{}) {
		t.Error("a socket of another kind is taken for a host's")
	}
}
