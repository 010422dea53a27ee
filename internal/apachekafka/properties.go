package apachekafka

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// formatID is the cluster's id: any 16 bytes in URL-safe base64 would do.
const formatID = "AAAAAAAAQACAAAAAAAAAAA"

// properties returns node's configuration file. Nodes count from 1.
func (c *Cluster) properties(node int) string {
	replicas, inSync := 1, 1
	if len(c.nodes) >= 3 {
		replicas, inSync = 3, 2
	}
	voters := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		voters[i] = fmt.Sprintf("%d@%s:%d", i+1, host, n.controllerPort)
	}
	own := c.nodes[node-1]
	settings := map[string]string{
		"process.roles":             "broker,controller",
		"node.id":                   fmt.Sprint(node),
		"controller.quorum.voters":  strings.Join(voters, ","),
		"controller.listener.names": "CONTROLLER",
		"listeners": fmt.Sprintf("PLAINTEXT://%s:%d,CONTROLLER://%s:%d", host, own.port, host,
			own.controllerPort),
		"advertised.listeners":           fmt.Sprintf("PLAINTEXT://%s:%d", host, own.port),
		"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"inter.broker.listener.name":     "PLAINTEXT",
		"log.dirs":                       own.dataDir(),

		"auto.create.topics.enable":  "false",
		"default.replication.factor": fmt.Sprint(replicas),
		"min.insync.replicas":        fmt.Sprint(inSync),
		// Left at their default of three replicas, the internal topics of a
		// single node are never made, and joins and transactions hang in silence.
		"offsets.topic.replication.factor":                 fmt.Sprint(replicas),
		"offsets.topic.num.partitions":                     "4",
		"transaction.state.log.replication.factor":         fmt.Sprint(replicas),
		"transaction.state.log.min.isr":                    fmt.Sprint(inSync),
		"transaction.state.log.num.partitions":             "4",
		"share.coordinator.state.topic.replication.factor": fmt.Sprint(replicas),
		"share.coordinator.state.topic.min.isr":            fmt.Sprint(inSync),

		// Test time: groups form and die at once, cleaning is visible soon.
		"group.initial.rebalance.delay.ms":                            "0",
		"group.min.session.timeout.ms":                                "1000",
		"transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
		"log.cleaner.backoff.ms":                                      "200",
		"log.cleaner.dedupe.buffer.size":                              "8388608",
		"log.initial.task.delay.ms":                                   "500",
		"log.retention.check.interval.ms":                             "1000",
		"file.delete.delay.ms":                                        "1000",
		"num.network.threads":                                         "2",
		"num.io.threads":                                              "4",
		"background.threads":                                          "2",
	}
	if len(c.nodes) > 1 {
		// A dead node is noticed in two seconds instead of nine.
		settings["broker.session.timeout.ms"] = "2000"
		settings["broker.heartbeat.interval.ms"] = "300"
		settings["controller.quorum.election.timeout.ms"] = "500"
		settings["controller.quorum.fetch.timeout.ms"] = "1000"
		settings["controller.quorum.election.backoff.max.ms"] = "200"
	}
	maps.Copy(settings, c.overrides)
	var file strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&file, "%s=%s\n", name, settings[name])
	}
	return file.String()
}
