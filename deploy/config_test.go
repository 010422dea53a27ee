package deploy

import (
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/holdfast/holdfast/internal/config"
)

// TestConfigurationIsAccepted loads the mounted file with the variables of
// docker-compose.yml, as the container does.
func TestConfigurationIsAccepted(t *testing.T) {
	services(t, func(t *testing.T, name string, service types.ServiceConfig) {
		if service.Build == nil {
			return // only holdfast and migrate read this configuration
		}
		environ := map[string]string{}
		for key, value := range service.Environment {
			environ[key] = *value
		}
		path := environ["HOLDFAST_CONFIG"]
		if !slices.ContainsFunc(service.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == path }) {
			t.Errorf("nothing is mounted at %s", path)
		}
		loaded, err := config.Load(config.Input{Path: path, File: []byte(read(t, "holdfast.yml")), Environ: environ,
			HostName: "container", InsecureDev: environ["HOLDFAST_INSECURE_DEV"] == "true"})
		if err != nil {
			t.Fatal(err)
		}
		for _, warning := range loaded.Warnings {
			t.Error(warning)
		}
		secret, mounted := strings.CutPrefix(loaded.Sinks.ClickHouse.DSNFile, "/run/secrets/")
		if !mounted || !slices.ContainsFunc(service.Secrets,
			func(s types.ServiceSecretConfig) bool { return s.Target == secret || s.Source == secret }) {
			t.Errorf("%s is no secret of the service", loaded.Sinks.ClickHouse.DSNFile)
		}
		if loaded.Kafka.InstanceID == "container" {
			t.Error("the instance id is the container's name, which changes: the old member would be waited for")
		}
		for _, port := range service.Ports {
			if !strings.HasSuffix(loaded.Ops.Listen, ":9464") || port.Target != 9464 {
				t.Errorf("ops listens on %s, port %d is published", loaded.Ops.Listen, port.Target)
			}
		}
	})
}
