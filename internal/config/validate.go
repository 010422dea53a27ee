package config

import (
	"fmt"
	"math"
	"net"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast/holdfast/pipeline/decode"
)

// checker gathers problems.
type checker struct{ problems []Problem }

func (c *checker) fail(path, fix, format string, values ...any) {
	c.problems = append(c.problems, Problem{Path: path, Message: fmt.Sprintf(format, values...), Fix: fix})
}

func (c *checker) warn(path, fix, format string, values ...any) {
	c.problems = append(c.problems, Problem{Path: path, Level: Warning, Message: fmt.Sprintf(format, values...), Fix: fix})
}

// Validate checks the configuration as a whole and reports everything at once,
// without lines; connections without encryption are held to be a mistake
// except to this host.
func (c *Config) Validate() []Problem { return c.validate(false) }

func (c *Config) validate(insecureDev bool) []Problem {
	check := &checker{}
	if c.Version != 1 {
		check.fail("version", "write version: 1", "layout %d is not known", c.Version)
	}
	check.enums(c)
	check.kafka(c.Kafka, insecureDev)
	check.topics(c)
	check.mappings(c.Mapping)
	check.time(c.Time)
	check.money(c.Money)
	check.segments(c.Segments)
	check.stores(c)
	check.score(c.Score)
	check.complaints(c.Complaints)
	check.alerts(c.Alerts)
	check.clickhouse(c.Sinks.ClickHouse, insecureDev)
	check.ops(c.Ops)
	return check.problems
}

// enums checks every key whose tag lists its values.
func (c *checker) enums(config *Config) {
	for _, leaf := range leaves(config) {
		list := leaf.field.Tag.Get("enum")
		if list == "" || leaf.text() == "" && strings.HasPrefix(list, ",") {
			continue
		}
		c.oneOf(leaf.path, leaf.text(), strings.Split(strings.TrimPrefix(list, ","), ","))
	}
}

func (c *checker) oneOf(path, text string, allowed []string) {
	if slices.Contains(allowed, text) {
		return
	}
	fix := ""
	if guess := Nearest(text, allowed); guess != "" {
		fix = "did you mean " + guess + "?"
	}
	c.fail(path, fix, "%q is not one of %s", clip(text), strings.Join(allowed, ", "))
}

func (c *checker) between(path string, value, low, high float64) {
	if math.IsNaN(value) || value < low || value > high {
		c.fail(path, "", "%v is outside %v to %v", value, low, high)
	}
}

func (c *checker) duration(path string, value Duration, low, high time.Duration) {
	if value.D() < low || value.D() > high {
		c.fail(path, "", "%s is outside %s to %s", value, Duration(low), Duration(high))
	}
}

var groupName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,200}$`)

func (c *checker) kafka(kafka Kafka, insecureDev bool) {
	if len(kafka.Brokers) == 0 {
		c.fail("kafka.brokers", "name at least one broker, such as [kafka.example.com:9093], or set HOLDFAST_KAFKA_BROKERS",
			"no broker is given")
	}
	c.brokers(kafka, insecureDev)
	c.name("kafka.group", kafka.Group)
	c.name("kafka.instance_id", kafka.InstanceID)
	if kafka.MaxRecordBytes < 1024 || kafka.MaxRecordBytes > 64<<20 {
		c.fail("kafka.max_record_bytes", "", "%s is outside 1KiB to 64MiB", kafka.MaxRecordBytes)
	}
	if kafka.CommitBytes < 1<<20 || kafka.CommitBytes > 1<<30 {
		c.fail("kafka.commit_bytes", "", "%s is outside 1MiB to 1GiB", kafka.CommitBytes)
	}
	c.duration("kafka.commit_every", kafka.CommitEvery, 10*time.Millisecond, 10*time.Second)
	c.duration("kafka.transaction_timeout", kafka.TransactionTime, 5*time.Second, 15*time.Minute)
	c.between("kafka.partitions", float64(kafka.Partitions), 1, 4096)
	c.between("kafka.replication", float64(kafka.Replication), 0, 16)
	if (kafka.TLS.CertFile == "") != (kafka.TLS.KeyFile == "") {
		c.fail("kafka.tls", "give both cert_file and key_file, or neither", "a client certificate needs its key")
	}
	c.sasl(kafka)
}

func (c *checker) name(path, text string) {
	if !groupName.MatchString(text) {
		c.fail(path, "use 1 to 200 letters, digits, dots, dashes or underscores", "%q is not a valid name", clip(text))
	}
}

func (c *checker) brokers(kafka Kafka, insecureDev bool) {
	for i, broker := range kafka.Brokers {
		path := fmt.Sprintf("kafka.brokers[%d]", i)
		host, port, err := net.SplitHostPort(broker)
		if number, notPort := strconv.ParseUint(port, 10, 16); err != nil || host == "" || notPort != nil || number == 0 {
			c.fail(path, "write host:port, such as localhost:9092", "%q is not an address", clip(broker))
			continue
		}
		if !kafka.TLS.On() && !insecureDev && !loopback(host) {
			c.fail(path, "set kafka.tls.enabled: true or kafka.tls.ca_file; on a network of your own for trying out, use "+
				"--insecure-dev",
				"%s would be talked to without encryption", clip(broker))
		}
	}
}

// loopback reports whether a host is this one, judged by name: looking names up
// would make the check depend on the network.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address := net.ParseIP(host)
	return address != nil && address.IsLoopback()
}

func (c *checker) sasl(kafka Kafka) {
	if kafka.SASL.Mechanism == "" {
		if kafka.SASL.User != "" || kafka.SASL.PasswordFile != "" {
			c.fail("kafka.sasl.mechanism", "write scram-sha-512", "a user is given and no way to log in")
		}
		return
	}
	if kafka.SASL.User == "" || kafka.SASL.PasswordFile == "" {
		c.fail("kafka.sasl", "give user and password_file", "a login needs both user and password_file")
	}
	if kafka.SASL.Mechanism == "plain" && !kafka.TLS.On() {
		c.fail("kafka.sasl.mechanism", "switch TLS on or use scram-sha-512",
			"plain sends the password as it is and is allowed inside TLS only")
	}
}

var topicName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,249}$`)

func (c *checker) topics(config *Config) {
	inputs, sinks := config.Kafka.Inputs, config.Sinks.Kafka
	named := []struct{ path, topic string }{
		{"kafka.inputs.purchases", inputs.Purchases},
		{"kafka.inputs.visits", inputs.Visits},
		{"kafka.inputs.complaints", inputs.Complaints},
		{"kafka.inputs.alert_feedback", inputs.AlertFeedback},
		{"kafka.inputs.erasures", inputs.Erasures},
		{"sinks.kafka.alerts", sinks.Alerts},
		{"sinks.kafka.loyalty", sinks.Loyalty},
		{"sinks.kafka.dlq", sinks.DLQ},
	}
	if inputs.Purchases == "" {
		c.fail("kafka.inputs.purchases", "name the topic of purchases", "without purchases there is nothing to say")
	}
	seen := map[string]string{}
	for _, item := range named {
		if item.topic == "" {
			if strings.HasPrefix(item.path, "sinks.") {
				c.fail(item.path, "name a topic", "is empty; what it would carry must not be lost")
			}
			continue
		}
		if !topicName.MatchString(item.topic) || item.topic == "." || item.topic == ".." {
			c.fail(item.path, "use 1 to 249 letters, digits, dots, dashes or underscores", "%q is not a topic name",
				clip(item.topic))
		}
		if other := seen[item.topic]; other != "" {
			c.fail(item.path, "give each its own topic", "is the same topic as %s", other)
		}
		seen[item.topic] = item.path
	}
}

var inputNames = []string{"purchases", "visits", "complaints"}

func (c *checker) mappings(mappings map[string]Mapping) {
	for _, input := range sortedKeys(mappings) {
		path, mapping := "mapping."+input, mappings[input]
		c.oneOf(path, input, inputNames)
		if mapping.Amounts != "" {
			c.oneOf(path+".amounts", mapping.Amounts, []string{"minor", "decimal"})
		}
		if mapping.Refunds != "" {
			c.oneOf(path+".refunds", mapping.Refunds, []string{"positive", "negative"})
		}
		c.times(path, mapping)
		for _, field := range sortedKeys(mapping.Fields) {
			if strings.ContainsAny(mapping.Fields[field], ".$[") {
				c.fail(path+".fields."+field, "name a field of the top object", "nested paths come in a later release")
			}
			if _, twice := mapping.Constants[field]; twice {
				c.fail(path+".constants."+field, "keep one of the two", "%s has both a field and a constant", field)
			}
		}
	}
}

// times checks the forms of a source's times and the zone of those without an
// offset.
func (c *checker) times(path string, mapping Mapping) {
	if mapping.TimeZone != "" {
		c.zone(path+".time_zone", mapping.TimeZone)
	}
	if _, err := decode.NewTimes(mapping.Times, time.UTC); err != nil {
		fix := "use " + strings.Join(decode.TimeForms(), ", ") +
			", or write 2 January 2006 15:04:05 -0700 as the source would"
		for _, form := range mapping.Times {
			if guess := Nearest(form, decode.TimeForms()); guess != "" && guess != form {
				fix = "did you mean " + guess + "?"
			}
		}
		c.fail(path+".times", fix, "%v", err)
	}
}

func sortedKeys[V any](values map[string]V) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// plaintextURL reports whether an address is an unencrypted one of another host.
func plaintextURL(address *url.URL) bool {
	secure := address.Scheme == "https" || address.Query().Get("secure") == "true"
	return !secure && !loopback(address.Hostname())
}
