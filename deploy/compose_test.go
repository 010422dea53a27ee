package deploy

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// environment is what deploy/write-env writes, with values that can be told apart.
var environment = []string{"SECRETS_DIR=./deploy/secrets", "CLICKHOUSE_PASSWORD=random-in-the-test"}

// load reads docker-compose.yml as docker compose would, in an environment.
func load(t *testing.T, environment []string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../docker-compose.yml"}, cli.WithEnv(environment),
		cli.WithResolvedPaths(false))
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(context.Background())
}

// compose loads the file with everything set.
func compose(t *testing.T) *types.Project {
	t.Helper()
	project, err := load(t, environment)
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// services visits every service by name, in order.
func services(t *testing.T, visit func(t *testing.T, name string, service types.ServiceConfig)) {
	project := compose(t)
	for _, name := range project.ServiceNames() {
		t.Run(name, func(t *testing.T) { visit(t, name, project.Services[name]) })
	}
}

func TestServices(t *testing.T) {
	want := []string{"clickhouse", "holdfast", "kafka", "migrate", "prometheus"}
	if got := compose(t).ServiceNames(); !slices.Equal(got, want) {
		t.Errorf("services %v, want %v", got, want)
	}
}

func TestHealthChecks(t *testing.T) {
	services(t, func(t *testing.T, name string, service types.ServiceConfig) {
		if name == "migrate" {
			if service.HealthCheck != nil {
				t.Error("a one-shot service has no health check: it ends")
			}
			return
		}
		check := service.HealthCheck
		if check == nil || len(check.Test) < 2 || check.Test[0] != "CMD" {
			t.Fatalf("health check %+v, want one without a shell", check)
		}
		if all := strings.Join(check.Test, " "); strings.Contains(all, "localhost") || strings.Contains(all, "127.0.0.1") ||
			!strings.Contains(all, name+":") {
			t.Errorf("%q does not ask by the service's name: a server that is only starting answers on loopback", all)
		}
		for what, value := range map[string]*types.Duration{"interval": check.Interval, "timeout": check.Timeout,
			"start_period": check.StartPeriod, "start_interval": check.StartInterval} {
			if value == nil || *value == 0 {
				t.Errorf("%s is not set", what)
			}
		}
		if name == "kafka" && time.Duration(*check.Interval) < 10*time.Second {
			t.Errorf("interval %s: each check forks a JVM", check.Interval)
		}
	})
}

func TestDependencies(t *testing.T) {
	healthy, done, started := types.ServiceConditionHealthy, types.ServiceConditionCompletedSuccessfully,
		types.ServiceConditionStarted
	want := map[string]map[string]string{
		"kafka": {}, "clickhouse": {}, "prometheus": {"holdfast": started},
		"migrate":  {"kafka": healthy, "clickhouse": healthy},
		"holdfast": {"kafka": healthy, "clickhouse": healthy, "migrate": done},
	}
	services(t, func(t *testing.T, name string, service types.ServiceConfig) {
		if len(service.DependsOn) != len(want[name]) {
			t.Errorf("depends on %v, want %v", service.DependsOn, want[name])
		}
		for on, condition := range want[name] {
			if got := service.DependsOn[on].Condition; got != condition {
				t.Errorf("waits for %s to be %q, want %q", on, got, condition)
			}
		}
		if name == "migrate" && service.Restart == types.RestartPolicyUnlessStopped {
			t.Error("a one-shot service must be able to end")
		}
	})
}

func TestPortsAreOnLoopbackAndDoNotCollide(t *testing.T) {
	taken := map[string]string{}
	services(t, func(t *testing.T, name string, service types.ServiceConfig) {
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("port %s is published on %q, want 127.0.0.1", port.Published, port.HostIP)
			}
			if other, ok := taken[port.Published]; ok {
				t.Errorf("port %s is %s's already", port.Published, other)
			}
			taken[port.Published] = name
		}
		if service.NetworkMode != "" || service.Privileged || len(service.Expose) > 0 {
			t.Error("network mode, privileges and exposed ports are left alone")
		}
	})
	if len(taken) != 5 {
		t.Errorf("%d ports are published, want 5: %v", len(taken), taken)
	}
}

func TestMountsExist(t *testing.T) {
	project := compose(t)
	used := map[string]bool{}
	for _, service := range project.Services {
		for _, volume := range service.Volumes {
			switch volume.Type {
			case types.VolumeTypeBind:
				if _, err := os.Stat(filepath.Join("..", volume.Source)); err != nil || !volume.ReadOnly {
					t.Errorf("%s: mount of %s: %v, read only %v", service.Name, volume.Source, err, volume.ReadOnly)
				}
			case types.VolumeTypeVolume:
				used[volume.Source] = true
			default:
				t.Errorf("%s: mount of type %s", service.Name, volume.Type)
			}
		}
		if build := service.Build; build != nil {
			if _, err := os.Stat(filepath.Join("..", build.Context, build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", service.Name, err)
			}
		}
	}
	for name := range project.Volumes {
		if !used[name] {
			t.Errorf("volume %s is mounted by nobody", name)
		}
	}
}

func TestHardening(t *testing.T) {
	services(t, func(t *testing.T, name string, service types.ServiceConfig) {
		if !slices.Contains(service.SecurityOpt, "no-new-privileges:true") || !slices.Contains(service.CapDrop, "ALL") {
			t.Errorf("security_opt %v, cap_drop %v", service.SecurityOpt, service.CapDrop)
		}
		if len(service.CapAdd) > 0 && name != "clickhouse" {
			t.Errorf("cap_add %v", service.CapAdd)
		}
		if service.MemLimit == 0 || int64(service.MemLimit) > 2<<30 {
			t.Errorf("memory limit %d: a laptop's share by default", service.MemLimit)
		}
		if wantReadOnly := name != "kafka" && name != "clickhouse"; service.ReadOnly != wantReadOnly {
			t.Errorf("read-only root: %v", service.ReadOnly)
		}
		if service.Build != nil && service.User != "65532:65532" {
			t.Errorf("user %q", service.User)
		}
		if name != "migrate" && (service.StopGracePeriod == nil || time.Duration(*service.StopGracePeriod) < 30*time.Second) {
			t.Errorf("stop_grace_period %v: a commit and a flush need time", service.StopGracePeriod)
		}
	})
}

func TestSecretsHaveNoDefault(t *testing.T) {
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		without := slices.DeleteFunc(slices.Clone(environment), func(v string) bool { return v == variable })
		_, err := load(t, without)
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), `run "make up"`) {
			t.Errorf("without %s: %v, want the command that writes it", name, err)
		}
	}
	secret := regexp.MustCompile(`(?i)password|secret|token|passwd`)
	services(t, func(t *testing.T, name string, service types.ServiceConfig) {
		for key, value := range service.Environment {
			if secret.MatchString(key) && (value == nil || *value != "random-in-the-test") {
				t.Errorf("%s does not come from .env", key)
			}
		}
		for _, s := range service.Secrets {
			if service.ReadOnly && compose(t).Secrets[s.Source].File == "" {
				t.Errorf("secret %s is no file: compose cannot copy it into a read-only root", s.Source)
			}
		}
	})
}

func TestWriteEnv(t *testing.T) {
	dir := t.TempDir()
	write := func() string {
		out, err := exec.Command("./write-env", dir).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	first := write()
	env, dsn := read(t, filepath.Join(dir, ".env")), read(t, filepath.Join(dir, "deploy/secrets/clickhouse-dsn"))
	password := regexp.MustCompile(`CLICKHOUSE_PASSWORD=([0-9a-f]{48})\n`).FindStringSubmatch(env)
	if password == nil || dsn != "clickhouse://holdfast:"+password[1]+"@clickhouse:9000/holdfast\n" {
		t.Fatalf("wrote\n%s\nand\n%s", env, dsn)
	}
	if strings.Contains(first, password[1]) {
		t.Error("the password is printed")
	}
	for path, mode := range map[string]os.FileMode{".env": 0o600, "deploy/secrets": 0o700,
		"deploy/secrets/clickhouse-dsn": 0o444} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v, want mode %o", path, info, err, mode)
		}
	}
	if second := write(); second != "" || read(t, filepath.Join(dir, ".env")) != env {
		t.Errorf("the second run is not silent, or wrote again: %q", second)
	}
	if err := os.RemoveAll(filepath.Join(dir, "deploy")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("./write-env", dir).CombinedOutput(); err == nil || !strings.Contains(string(out),
		"restore it") {
		t.Errorf("a password without its secret: %v %q, want a refusal", err, out)
	}
	ignored := read(t, "../.gitignore")
	for _, line := range []string{"/.env\n", "/deploy/secrets/\n"} {
		if !strings.Contains(ignored, line) {
			t.Errorf(".gitignore lacks %q", line)
		}
	}
}

// read gives a file's text.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
