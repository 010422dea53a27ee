package devclickhouse_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

const testToken = "a-token-that-nobody-guesses"

// locked is an engine that takes changes for the token alone.
func locked(t *testing.T) string {
	t.Helper()
	enginetest.Start(t) // skips where there is no engine
	process, err := devclickhouse.StartProcess(t.Context(), devclickhouse.Options{DataDir: t.TempDir(), Token: testToken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Close(); err != nil {
			t.Error(err)
		}
	})
	return process.Addr()
}

// ask sends a request and returns status and text.
func ask(t *testing.T, method, address, query, body string, change func(*http.Request)) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+"/"+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(request)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// TestChangesTakeTheToken: everybody on this host may read, who bears the token
// may write, and a browser's other pages may nothing.
func TestChangesTakeTheToken(t *testing.T) {
	address := locked(t)
	bearer := func(r *http.Request) { r.SetBasicAuth("default", testToken) }
	expect := func(what string, wantStatus int, wantText string, status int, text string) {
		t.Helper()
		if status != wantStatus || !strings.Contains(text, wantText) {
			t.Errorf("%s: %d %q, want %d with %q", what, status, text, wantStatus, wantText)
		}
	}
	do := func(what string, wantStatus int, wantText, method, query, body string, change func(*http.Request)) {
		t.Helper()
		status, text := ask(t, method, address, query, body, change)
		expect(what, wantStatus, wantText, status, text)
	}
	do("made with the token", 200, "", "POST", "", "CREATE TABLE kept (a Int8) ENGINE = Memory", bearer)
	do("filled with the token", 200, "", "POST", "", "INSERT INTO kept VALUES (7)", bearer)
	do("read by anybody", 200, "7", "POST", "", "SELECT a FROM kept", nil)
	do("read by anybody's GET", 200, "7", "GET", "?query="+url.QueryEscape("SELECT a FROM kept"), "", nil)
	do("made without", 403, "readonly", "POST", "", "CREATE TABLE mine (a Int8) ENGINE = Memory", nil)
	do("dropped without", 403, "readonly", "POST", "", "DROP TABLE kept", nil)
	do("made with another", 403, "readonly", "POST", "", "DROP TABLE kept",
		func(r *http.Request) { r.SetBasicAuth("default", "guess") })
	do("a right that is widened", 403, "readonly", "POST", "?readonly=0", "SELECT 1", nil)
	do("the token in the key's header", 200, "7", "POST", "", "SELECT a FROM kept",
		func(r *http.Request) { r.Header.Set("X-ClickHouse-Key", testToken) })
	for _, site := range []string{"cross-site", "same-site"} {
		do("another page", 403, "refused", "GET", "?query=SELECT+1", "",
			func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", site) })
	}
	do("its own page", 200, "1", "GET", "?query=SELECT+1", "",
		func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") })
	do("a path as a parameter", 403, "switched off", "POST", "?param_t="+url.QueryEscape("/etc/passwd"),
		"SELECT * FROM {t:Identifier}", nil)
	do("still there", 200, "7", "POST", "", "SELECT a FROM kept", nil)
}

// TestNothingLeavesTheEngine asks for files and other hosts, with the token and without.
func TestNothingLeavesTheEngine(t *testing.T) {
	address := locked(t)
	var reached atomic.Int64
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		fmt.Fprintln(w, "1")
	}))
	defer listener.Close()
	secret := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(secret, []byte("very-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{
		"SELECT * FROM url('%[1]s', CSV, 'a String')", "SELECT * FROM `ur\\x6c`('%[1]s', CSV, 'a String')",
		"SELECT * FROM file('%[2]s', CSV, 'a String')", "SELECT * FROM \"fil\\x65\"('%[2]s', CSV, 'a String')",
		"SELECT * FROM '%[2]s'", "SELECT * FROM `%[2]s`", "DESCRIBE `%[2]s`",
		"SELECT * FROM executable('cat %[2]s', TSV, 'a String')",
		"WITH x AS (SELECT * FROM url('%[1]s', CSV, 'a String')) SELECT * FROM x",
		"SELECT 1 WHERE 'a' IN url('%[1]s', CSV, 'a String')", "SELECT file('%[2]s')",
		"SELECT 1 AS a$$, y FROM system.one, url('%[1]s', CSV, 'y String') /*$$*/",
		"SELECT * FROM format(CSV, 'a UInt8, x String DEFAULT file(''%[2]s'')', '1,')",
	} {
		for _, token := range []string{"", testToken} {
			_, text := ask(t, "POST", address, "", fmt.Sprintf(form, listener.URL, secret),
				func(r *http.Request) { r.SetBasicAuth("default", token) })
			if strings.Contains(text, "very-secret") {
				t.Errorf("%s: reads the file", form)
			}
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the engine has reached outside %d times", n)
	}
}

// TestAPageOfAnotherSiteGetsNothing lets a real browser show a page that tries.
func TestAPageOfAnotherSiteGetsNothing(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on the path: what a browser's page may do is not tried")
	}
	address := locked(t)
	var stolen atomic.Int64
	page := http.NewServeMux()
	page.HandleFunc("/stolen", func(http.ResponseWriter, *http.Request) { stolen.Add(1) })
	page.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, hostile, address)
	})
	other := httptest.NewUnstartedServer(page)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	other.Listener = listener
	other.Start()
	defer other.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, browser, "--headless=new", "--no-sandbox", "--disable-gpu",
		"--user-data-dir="+t.TempDir(),
		"--virtual-time-budget=8000", "--dump-dom", strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+"/")
	shown, err := command.Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	_, said, _ := strings.Cut(string(shown), `<div id="said">`)
	said, _, _ = strings.Cut(said, "</div>")
	if !strings.Contains(said, "tried 5") {
		t.Fatalf("the page did not try everything: %q", said)
	}
	if strings.Contains(said, "got") || stolen.Load() != 0 {
		t.Errorf("the page got an answer: %q", said)
	}
	status, text := ask(t, "POST", address, "", "SELECT name FROM system.tables WHERE name LIKE 'stolen%'", nil)
	if status != 200 || strings.TrimSpace(text) != "" {
		t.Errorf("the page has changed something: %d %q", status, text)
	}
}

// hostile tries what a page can: an image, a script, a form and fetches of both
// kinds; %[1]s is the engine's address.
const hostile = `<html><body><div id=said></div><script>
const engine = "http://%[1]s/?query=";
let tried = 0;
function note(words) { document.getElementById("said").innerText += words + " "; }
function done() { tried++; if (tried == 5) note("tried 5"); }
const image = new Image(); image.onload = () => { note("got image"); done(); }; image.onerror = done;
image.src = engine + "CREATE TABLE stolen1 (a Int8) ENGINE = Memory";
const script = document.createElement("script"); script.onload = () => { note("got script"); done(); }; script.onerror = done;
script.src = engine + "SELECT 1 FORMAT TSV"; document.body.append(script);
fetch(engine + "SELECT 1").then(r => r.text()).then(text => { if (text.trim() == "1") { note("got text"); fetch("/stolen"); } }).catch(() => {}).finally(done);
fetch(engine, {method: "POST", mode: "no-cors", body: "CREATE TABLE stolen2 (a Int8) ENGINE = Memory"}).catch(() => {}).finally(done);
const frame = document.createElement("iframe"); frame.name = "f"; document.body.append(frame);
const form = document.createElement("form"); form.method = "POST"; form.enctype = "text/plain"; form.target = "f"; form.action = engine;
const field = document.createElement("input"); field.name = "CREATE TABLE stolen3 (a Int8) ENGINE "; field.value = " Memory"; form.append(field);
document.body.append(form); form.submit(); setTimeout(done, 1500);
</script></body></html>`
