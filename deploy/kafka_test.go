package deploy

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

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
