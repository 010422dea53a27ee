package txn

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ErrBrokersTooOld says that the brokers do not end transactions safely.
var ErrBrokersTooOld = errors.New("the brokers' transactions are not safe")

const (
	// transactionFeature at level 2 lets brokers raise a producer's epoch with
	// every transaction (KIP-890, part 2): else a commit or an abort that comes
	// late may hit the transaction after its own.
	transactionFeature = "transaction.version"
	transactionLevel   = 2
	// safeEndTxn is the version of EndTxn that goes with it: brokers that do not
	// speak it are older than 4.0.
	safeEndTxn = 5
)

// CheckBrokers reports whether the brokers are of a version whose transactions
// are safe, and use it. Its errors wrap ErrBrokersTooOld, or are those of asking.
func CheckBrokers(ctx context.Context, client *kgo.Client) error {
	request := kmsg.NewPtrApiVersionsRequest()
	request.ClientSoftwareName, request.ClientSoftwareVersion = "holdfast", "1"
	response, err := request.RequestWith(ctx, client)
	if err == nil {
		err = kerr.ErrorForCode(response.ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("ask for the brokers' versions: %w", err)
	}
	return checkVersions(response)
}

func checkVersions(response *kmsg.ApiVersionsResponse) error {
	spoken := int16(-1)
	for _, key := range response.ApiKeys {
		if key.ApiKey == int16(kmsg.EndTxn) {
			spoken = key.MaxVersion
		}
	}
	if spoken < safeEndTxn {
		return fmt.Errorf("%w: they are older than Apache Kafka 4.0 (EndTxn up to version %d, want %d): a commit that "+
			"comes late "+
			"may hit the transaction after its own; use brokers of 4.0 or later", ErrBrokersTooOld, spoken, safeEndTxn)
	}
	for _, feature := range response.FinalizedFeatures {
		if feature.Name == transactionFeature && feature.MaxVersionLevel >= transactionLevel {
			return nil
		}
	}
	return fmt.Errorf("%w: the feature %s is below level %d, so a commit that comes late may hit the transaction after "+
		"its own; "+
		"run kafka-features.sh --bootstrap-server BROKER upgrade --feature %s=%d",
		ErrBrokersTooOld, transactionFeature, transactionLevel, transactionFeature, transactionLevel)
}
