package deploy

import (
	"context"
	"net"
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

// TestKafkaVariables holds the list that replaces all packaged defaults.
func TestKafkaVariables(t *testing.T) {
	kafka := compose(t).Services["kafka"]
	variable := func(name string) string {
		if value := kafka.Environment[name]; value != nil {
			return *value
		}
		t.Errorf("%s is not set: one variable drops all packaged defaults", name)
		return ""
	}
	for _, name := range []string{"KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR",
		"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR",
		"KAFKA_TRANSACTION_STATE_LOG_MIN_ISR", "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR",
		"KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR", "KAFKA_NODE_ID"} {
		if got := variable(name); got != "1" {
			t.Errorf("%s is %q: there is one broker", name, got)
		}
	}
	voters, roles := variable("KAFKA_CONTROLLER_QUORUM_VOTERS"), variable("KAFKA_PROCESS_ROLES")
	if !strings.HasPrefix(voters, "1@kafka:") || roles != "broker,controller" {
		t.Errorf("voters %q, roles %q", voters, roles)
	}
	if variable("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS") != "0" ||
		variable("KAFKA_AUTO_CREATE_TOPICS_ENABLE") != "false" {
		t.Error("starts slowly, or makes topics with the wrong partition count")
	}
	dir := variable("KAFKA_LOG_DIRS")
	if !slices.ContainsFunc(kafka.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == dir }) {
		t.Errorf("%s is no volume: the data would go with the container", dir)
	}
	listeners := addresses(variable("KAFKA_LISTENERS"))
	advertised := addresses(variable("KAFKA_ADVERTISED_LISTENERS"))
	if len(listeners) != 3 || !strings.HasPrefix(advertised["INTERNAL"], "kafka:") ||
		!strings.HasPrefix(advertised["HOST"], "localhost:") {
		t.Errorf("listeners %v, advertised %v", listeners, advertised)
	}
	for name := range advertised {
		_, inside, _ := net.SplitHostPort(listeners[name])
		_, outside, _ := net.SplitHostPort(advertised[name])
		if name == "INTERNAL" && inside != outside {
			t.Errorf("%s listens on %s and sends clients to %s", name, inside, outside)
		}
		published := slices.ContainsFunc(kafka.Ports, func(p types.ServicePortConfig) bool { return p.Published == outside })
		if name == "HOST" && !published {
			t.Errorf("%s sends clients to %s, which is not published", name, outside)
		}
	}
}

// addresses reads NAME://host:port,... .
func addresses(list string) map[string]string {
	byName := map[string]string{}
	for _, item := range strings.Split(list, ",") {
		name, address, _ := strings.Cut(item, "://")
		byName[name] = address
	}
	return byName
}

// TestAddressesReachEachOther follows the names that cross files.
func TestAddressesReachEachOther(t *testing.T) {
	project := compose(t)
	internal := addresses(*project.Services["kafka"].Environment["KAFKA_ADVERTISED_LISTENERS"])["INTERNAL"]
	if file := read(t, "holdfast.yml"); !strings.Contains(file, "brokers: ["+internal+"]") {
		t.Errorf("holdfast.yml does not name the broker %s", internal)
	}
	if rules := read(t, "prometheus/prometheus.yml"); !strings.Contains(rules, "[holdfast:9464]") {
		t.Error("prometheus.yml does not ask holdfast:9464")
	}
	clickhouse := project.Services["clickhouse"]
	for name, want := range map[string]string{"CLICKHOUSE_DB": "holdfast", "CLICKHOUSE_USER": "holdfast"} {
		if got := clickhouse.Environment[name]; got == nil || *got != want {
			t.Errorf("%s is not %s, which write-env and holdfast.yml name", name, want)
		}
	}
	for _, forbidden := range []string{"CLICKHOUSE_SKIP_USER_SETUP", "CLICKHOUSE_ALWAYS_RUN_INITDB_SCRIPTS"} {
		if clickhouse.Environment[forbidden] != nil {
			t.Errorf("%s is set", forbidden)
		}
	}
	if limit := clickhouse.Ulimits["nofile"]; limit == nil || limit.Soft < 262144 {
		t.Errorf("nofile %v", limit)
	}
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
