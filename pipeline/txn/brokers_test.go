package txn

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestBrokersWhoseTransactionsAreNotSafe are refused, with what to do.
func TestBrokersWhoseTransactionsAreNotSafe(t *testing.T) {
	answer := func(endTxn int16, feature string, level int16) *kmsg.ApiVersionsResponse {
		response := kmsg.NewPtrApiVersionsResponse()
		if endTxn >= 0 {
			key := kmsg.NewApiVersionsResponseApiKey()
			key.ApiKey, key.MaxVersion = int16(kmsg.EndTxn), endTxn
			response.ApiKeys = append(response.ApiKeys, key)
		}
		if feature != "" {
			f := kmsg.NewApiVersionsResponseFinalizedFeature()
			f.Name, f.MaxVersionLevel = feature, level
			response.FinalizedFeatures = append(response.FinalizedFeatures, f)
		}
		return response
	}
	for name, c := range map[string]struct {
		response *kmsg.ApiVersionsResponse
		words    string // of the refusal; empty = none
	}{
		"Kafka 4":               {answer(5, "transaction.version", 2), ""},
		"a later one":           {answer(6, "transaction.version", 3), ""},
		"upgraded, not enabled": {answer(5, "transaction.version", 1), "kafka-features.sh"},
		"never enabled":         {answer(5, "group.version", 2), "kafka-features.sh"},
		"Kafka 3.9":             {answer(4, "transaction.version", 1), "4.0 or later"},
		"another system":        {answer(-1, "", 0), "4.0 or later"},
	} {
		err := checkVersions(c.response)
		if refused := c.words != ""; refused != errors.Is(err, ErrBrokersTooOld) ||
			refused && !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v, want a refusal with %q", name, err, c.words)
		}
	}
}
