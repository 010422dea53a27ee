package main

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
)

// demoSettings are the keys that the demo sets, beside where things listen. None
// decides who is told: no parameters, thresholds, guards or holdout.
var demoSettings = map[string]string{
	"time.clock":         "events", // its days pass faster than time
	"outbox.flush_every": "1s",     // rows are in ClickHouse when they are looked for
}

// demoSettingsText words them.
func demoSettingsText() string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(demoSettings)) {
		words = append(words, key+" "+demoSettings[key])
	}
	return strings.Join(words, ", ")
}

// configure sets what the demo needs; flags stand above file and environment.
func (d *demonstration) configure() {
	maps.Copy(d.keys, demoSettings)
	if d.flags.clickhouse != "embedded" && d.flags.clickhouse != "off" {
		d.keys["sinks.clickhouse.dsn"] = d.flags.clickhouse
	}
	if d.keys["ops.listen"] == "" && !portFree("127.0.0.1:9464") {
		d.keys["ops.listen"] = "127.0.0.1:0"
		if listener, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
			d.keys["ops.listen"] = listener.Addr().String()
			_ = listener.Close() // only its number was wanted
		}
		fmt.Fprintf(d.stderr, "127.0.0.1:9464 is in use, probes and metrics are on %s\n", d.keys["ops.listen"])
	}
}
