package deploy

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestRules holds Prometheus's rules to the metrics that the code offers, and
// to saying what to do.
func TestRules(t *testing.T) {
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.UnmarshalWithOptions([]byte(read(t, "prometheus/rules.yml")), &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(read(t, "prometheus/prometheus.yml"), "[/etc/prometheus/rules.yml]") {
		t.Error("prometheus.yml does not read rules.yml")
	}
	code := productCode(t)
	metric := regexp.MustCompile(`holdfast_[a-z_]+`)
	seen := map[string]bool{}
	for _, rule := range file.Groups[0].Rules {
		if !regexp.MustCompile(`^Holdfast[A-Z][A-Za-z]+$`).MatchString(rule.Alert) || seen[rule.Alert] {
			t.Errorf("%q is no name, or stands there twice", rule.Alert)
		}
		seen[rule.Alert] = true
		if severity := rule.Labels["severity"]; severity != "page" && severity != "warning" {
			t.Errorf("%s: severity %q", rule.Alert, severity)
		}
		if rule.For == "" || rule.Annotations["summary"] == "" || len(rule.Annotations["description"]) < 40 {
			t.Errorf("%s: says too little: how long, what, and what to do", rule.Alert)
		}
		for _, name := range metric.FindAllString(rule.Expr, -1) {
			short := strings.TrimPrefix(name, "holdfast_")
			if !strings.Contains(code, `"`+name+`"`) && !strings.Contains(code, `"`+short+`"`) {
				t.Errorf("%s: nothing offers %s", rule.Alert, name)
			}
		}
	}
	if len(seen) < 8 {
		t.Errorf("%d rules: were they read?", len(seen))
	}
}

// productCode is the text of the packages that offer metrics.
func productCode(t *testing.T) string {
	var all strings.Builder
	for _, dir := range []string{"../pipeline", "../sinks", "../cmd"} {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
