package apachekafka

import (
	"errors"
	"os"
	"testing"
)

const (
	// RunVariable switches tests with a real broker on.
	RunVariable = "HOLDFAST_INTEGRATION"
	// MustRunVariable makes a broker that cannot be had a failure.
	MustRunVariable = "HOLDFAST_MUST_RUN"
)

// ForTest starts a cluster that ends with the test. It skips the test unless
// HOLDFAST_INTEGRATION is set, and where Apache Kafka cannot be had, unless
// HOLDFAST_MUST_RUN is set too. A failed test shows the end of node 1's log.
func ForTest(t testing.TB, options Options) *Cluster {
	t.Helper()
	if os.Getenv(RunVariable) == "" {
		t.Skipf("tests against Apache Kafka run with %s=1 (make integration)", RunVariable)
	}
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	cluster, err := Start(t.Context(), options)
	if errors.Is(err, ErrUnavailable) && os.Getenv(MustRunVariable) == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("node 1 logged last:\n%s", cluster.nodes[0].said())
		}
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	})
	return cluster
}
