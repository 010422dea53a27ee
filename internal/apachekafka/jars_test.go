package apachekafka

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestCacheDirCanBeChosen(t *testing.T) {
	base := t.TempDir()
	t.Setenv(cacheVariable, base)
	got, err := CacheDir()
	if want := filepath.Join(base, "kafka-"+Version); got != want || err != nil {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestMissingToolsAreNamed(t *testing.T) {
	t.Setenv(cacheVariable, t.TempDir())
	t.Setenv("PATH", t.TempDir())
	if _, err := Jars(t.Context()); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "no java") {
		t.Errorf("got %v", err)
	}
}

func TestPomNamesTheVersion(t *testing.T) {
	if !strings.Contains(string(pom), "<version>"+Version+"</version>") {
		t.Errorf("pom.xml fetches another version than %s", Version)
	}
}

func TestPropertiesOfThreeNodes(t *testing.T) {
	cluster := &Cluster{
		nodes: []*node{{dir: "a", port: 1, controllerPort: 11}, {dir: "b", port: 2, controllerPort: 12},
			{dir: "c", port: 3, controllerPort: 13}},
		overrides: map[string]string{"num.io.threads": "9"},
	}
	got := cluster.properties(2)
	for _, want := range []string{
		"node.id=2\n", "controller.quorum.voters=1@127.0.0.1:11,2@127.0.0.1:12,3@127.0.0.1:13\n",
		"listeners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:12\n", "min.insync.replicas=2\n",
		"offsets.topic.replication.factor=3\n", "num.io.threads=9\n", "broker.session.timeout.ms=2000\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestLastLines(t *testing.T) {
	if got := lastLines("a\nb\nc\n", 2); got != "b\nc" {
		t.Errorf("got %q", got)
	}
}
