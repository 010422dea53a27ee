package deploy

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// pins are the images that this release was written for.
var pins = map[string]string{
	"kafka":      "apache/kafka:4.4.0",
	"clickhouse": "clickhouse/clickhouse-server:26.8",
	"prometheus": "prom/prometheus:v3.15.0",
	"holdfast":   "holdfast:dev",
	"migrate":    "holdfast:dev",
}

func TestImagesArePinned(t *testing.T) {
	services(t, func(t *testing.T, name string, service types.ServiceConfig) {
		if service.Image != pins[name] {
			t.Errorf("image %q, want %q", service.Image, pins[name])
		}
		_, tag, _ := strings.Cut(service.Image, ":")
		if tag == "" || tag == "latest" || tag == "nonroot" {
			t.Errorf("image %q moves", service.Image)
		}
		if built := service.Build != nil; built != (name == "holdfast" || name == "migrate") {
			t.Errorf("built here: %v", built)
		}
	})
	dockerfile := read(t, "Dockerfile")
	for _, line := range strings.Split(dockerfile, "\n") {
		if image, ok := strings.CutPrefix(line, "FROM "); ok && image != "scratch" &&
			!regexp.MustCompile(`^[a-z/]+:[0-9]+\.[0-9]+\.[0-9]+`).MatchString(image) {
			t.Errorf("Dockerfile: %q is not pinned to a release", image)
		}
	}
	want := "golang:" + goVersion(t)
	if !strings.Contains(dockerfile, "FROM "+want) {
		t.Errorf("Dockerfile does not build from %s, the line of go.mod", want)
	}
}

// TestImageIsStatic asks what the image's program is made of: an image without a
// C library cannot start one that needs it.
func TestImageIsStatic(t *testing.T) {
	tags := regexp.MustCompile(`-tags (\S+)`).FindStringSubmatch(read(t, "Dockerfile"))
	if tags == nil || !strings.Contains(read(t, "Dockerfile"), "CGO_ENABLED=0") {
		t.Fatal("the Dockerfile builds without tags, or with cgo")
	}
	list := exec.Command("go", "list", "-deps", "-tags", tags[1], "../cmd/holdfast")
	list.Env = append(list.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	out, err := list.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	packages := strings.Fields(string(out))
	if slices.Contains(packages, "github.com/ebitengine/purego") {
		t.Error("the image's program loads shared libraries")
	}
	if !slices.Contains(packages, "time/tzdata") {
		t.Error("the image's program knows no time zones")
	}
}

// goVersion gives go.mod's language version without its patch level.
func goVersion(t *testing.T) string {
	found := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../go.mod"))
	if found == nil {
		t.Fatal("go.mod names no version of Go")
	}
	return found[1]
}
