package devclickhouse

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fixture is a small package and a stand-in for npm that serves it.
type fixture struct {
	artifact artifact
	library  []byte
	packed   string // path
	calls    string // a line for each call of npm
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{library: bytes.Repeat([]byte("engine"), 100_000)}
	dir := t.TempDir()
	packed := pack(t, map[string][]byte{"package/index.js": []byte("x"), "package/libchdb.so": f.library})
	f.packed, f.calls = filepath.Join(dir, "ready.tgz"), filepath.Join(dir, "calls")
	write(t, f.packed, packed)
	library, whole := sha256.Sum256(f.library), sha512.Sum512(packed)
	f.artifact = artifact{
		name: "@shop/engine", version: "1.2.3", member: "package/libchdb.so",
		integrity: "sha512-" + base64.StdEncoding.EncodeToString(whole[:]), packageBytes: int64(len(packed)),
		librarySHA256: hex.EncodeToString(library[:]), libraryBytes: int64(len(f.library)),
	}
	t.Setenv(cacheVariable, filepath.Join(dir, "cache"))
	t.Setenv(libraryVariable, "")
	f.npm(t, fmt.Sprintf("cp %s engine-1.2.3.tgz", f.packed))
	return f
}

// npm puts a program of that name, a shell script, first on the path.
func (f *fixture) npm(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "npm")
	write(t, path, []byte(fmt.Sprintf("#!/bin/sh\necho \"$*\" >> %s\n%s\n", f.calls, script)))
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
}

func pack(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zip)
	for name, content := range files {
		err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))})
		if err == nil {
			_, err = archive.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// leftovers are the files in the cache beside the lock.
func (f *fixture) leftovers(t *testing.T) (names []string) {
	t.Helper()
	folder, err := f.artifact.folder()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != "lock" {
			names = append(names, entry.Name())
		}
	}
	return names
}

func none(string, int64, int64) {}

func TestFetchOnce(t *testing.T) {
	f := newFixture(t)
	if _, ok := f.artifact.locate(); ok {
		t.Error("an empty cache has the library")
	}
	steps := map[string]int64{}
	path, err := fetch(t.Context(), f.artifact, func(step string, done, total int64) {
		if done < steps[step] || done > total {
			t.Errorf("%s went from %d to %d of %d", step, steps[step], done, total)
		}
		steps[step] = done
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, f.library) {
		t.Errorf("the library differs, error %v", err)
	}
	if steps[StepVerify] != f.artifact.packageBytes || steps[StepUnpack] != f.artifact.libraryBytes {
		t.Errorf("progress ended at %v", steps)
	}
	if located, ok := f.artifact.locate(); !ok || located != path {
		t.Errorf("located %q, %v", located, ok)
	}
	if again, err := fetch(t.Context(), f.artifact, none); err != nil || again != path {
		t.Errorf("again: %q, %v", again, err)
	}
	calls, err := os.ReadFile(f.calls)
	if err != nil || strings.Count(string(calls), "\n") != 1 || !strings.Contains(string(calls), "@shop/engine@1.2.3") {
		t.Errorf("npm was called as %q, error %v", calls, err)
	}
	if left := f.leftovers(t); len(left) != 1 {
		t.Errorf("the cache holds %v", left)
	}
}

func TestFetchAtOnce(t *testing.T) {
	f := newFixture(t)
	f.npm(t, fmt.Sprintf("sleep 0.1; cp %s engine-1.2.3.tgz", f.packed))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := fetch(t.Context(), f.artifact, none); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if calls, err := os.ReadFile(f.calls); err != nil || strings.Count(string(calls), "\n") != 1 {
		t.Errorf("npm was called as %q, error %v", calls, err)
	}
}

func TestFetchFails(t *testing.T) {
	f := func(script string, want error, words string) {
		t.Helper()
		x := newFixture(t)
		x.npm(t, script)
		_, err := fetch(t.Context(), x.artifact, none)
		if err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s:\n got %v\nwant %v with %q", script, err, want, words)
		}
		if left := x.leftovers(t); len(left) != 0 {
			t.Errorf("%s: the cache is left with %v", script, left)
		}
	}
	f("echo 'npm error code ENOTFOUND' >&2; exit 1", ErrOffline, "code ENOTFOUND")
	f("echo 'npm error code ECONNREFUSED' >&2; exit 1", ErrOffline, "connect")
	f("echo 'npm error code EAI_AGAIN' >&2; exit 1", ErrOffline, "connect")
	f("echo 'npm error code ENOSPC' >&2; exit 1", ErrNoSpace, cacheVariable)
	f("echo 'npm error code EINTEGRITY' >&2; exit 1", ErrChecksum, "EINTEGRITY")
	f("echo 'npm error code E404' >&2; exit 1", nil, "npm config get registry")
	f("echo 'npm warn x'; echo 'npm error odd' >&2; exit 7", nil, "exit status 7: odd")
	f("exit 7", nil, "no word from it")
	f("true", nil, "0 of them, want 1")
	f("echo no package > engine-1.2.3.tgz", ErrChecksum, "package: got sha512-")
}

func TestFetchWithoutNPM(t *testing.T) {
	f := newFixture(t)
	t.Setenv("PATH", t.TempDir())
	if _, err := fetch(t.Context(), f.artifact, none); !errors.Is(err, ErrNoNPM) {
		t.Errorf("got %v, want ErrNoNPM", err)
	}
}

// The package is what was pinned and what is inside is not: two pins that do
// not belong together.
func TestFetchOfAnotherLibrary(t *testing.T) {
	f := func(change func(*artifact), want error, words string) {
		t.Helper()
		x := newFixture(t)
		change(&x.artifact)
		_, err := fetch(t.Context(), x.artifact, none)
		if err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), words) {
			t.Errorf("got %v, want %v with %q", err, want, words)
		}
		if left := x.leftovers(t); len(left) != 0 {
			t.Errorf("the cache is left with %v", left)
		}
	}
	f(func(a *artifact) { a.librarySHA256 = strings.Repeat("0", 64) }, ErrChecksum, "library: got 600000 bytes")
	f(func(a *artifact) { a.libraryBytes-- }, ErrChecksum, "library: got 600000 bytes")
	f(func(a *artifact) { a.member = "package/other.so" }, nil, "has no package/other.so")
	f(func(a *artifact) { a.libraryBytes = 1 << 60 }, ErrNoSpace, "MB are needed")
}

func TestFetchAfterATruncatedFile(t *testing.T) {
	f := newFixture(t)
	folder, err := f.artifact.folder()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(folder, "fetch-killed"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, libraryFile), f.library[:10])
	if _, ok := f.artifact.locate(); ok {
		t.Error("a truncated library was located")
	}
	if _, err := fetch(t.Context(), f.artifact, none); err != nil {
		t.Fatal(err)
	}
	if left := f.leftovers(t); len(left) != 1 {
		t.Errorf("the cache holds %v", left)
	}
}

func TestFetchCancelled(t *testing.T) {
	f := newFixture(t)
	f.npm(t, "sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := fetch(ctx, f.artifact, func(string, int64, int64) { time.AfterFunc(20*time.Millisecond, cancel) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if left := f.leftovers(t); len(left) != 0 {
		t.Errorf("the cache is left with %v", left)
	}
}

func TestLibraryByName(t *testing.T) {
	if err := supported(); err != nil {
		t.Skipf("Skipped because Fetch gives no library where none can run: %v", err)
	}
	path := filepath.Join(t.TempDir(), "mine.so")
	t.Setenv(libraryVariable, path)
	if _, ok := Locate(); ok {
		t.Error("a file that is not there was located")
	}
	if _, err := Fetch(t.Context(), nil); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error with %s", err, path)
	}
	write(t, path, nil)
	if got, err := Fetch(t.Context(), nil); err != nil || got != path {
		t.Errorf("got %q, %v", got, err)
	}
}
