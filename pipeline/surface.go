package pipeline

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/txn"
)

// What others use of a process at work, and of what is asked of brokers.
type (
	// InputOffsets says where one partition of an input stands.
	InputOffsets = txn.InputOffsets
	// Move says which position of an input to move, and where to.
	Move = txn.Move
	// Moved says what a move came to in one partition.
	Moved = txn.Moved
	// Awaited says what to wait for.
	Awaited = txn.Awaited
	// Explained is what the instance at work knows of a customer.
	Explained = txn.Explained
)

// Errors of Pipeline.Explain.
var (
	ErrUnknownCustomer = txn.ErrUnknownCustomer
	ErrOwnedElsewhere  = txn.ErrOwnedElsewhere
	ErrNotAnswering    = txn.ErrNotAnswering
)

// Places to move to besides an offset, and all partitions of an input.
const (
	MoveToStart   = txn.MoveToStart
	MoveToEnd     = txn.MoveToEnd
	AllPartitions = txn.AllPartitions
)

// ErrBrokersTooOld says that the brokers do not end transactions safely.
var ErrBrokersTooOld = txn.ErrBrokersTooOld

// CheckBrokers reports whether the brokers are of a version whose transactions
// are safe, and use it. Its errors wrap ErrBrokersTooOld, or are those of asking.
func CheckBrokers(ctx context.Context, client *kgo.Client) error {
	return txn.CheckBrokers(ctx, client)
}

// WaitCaughtUp returns once everything that was in the inputs when it was
// called has been applied and committed, the clock has come as far as that lets
// it, all rows of it are in the outbox and, where there is a loader, loaded: by
// position, not by silence. It ends with ctx's error, which then says what is
// still missing.
func WaitCaughtUp(ctx context.Context, cl *kgo.Client, a Awaited) error {
	return txn.WaitCaughtUp(ctx, cl, a)
}

// AwaitNoMembers waits until a group has no member, for as long as patience
// lasts: offsets are moved under no instance that works with them. say, where
// not nil, is told once what is waited for.
func AwaitNoMembers(ctx context.Context, cl *kgo.Client, group string, patience time.Duration, say func(string)) error {
	return txn.AwaitNoMembers(ctx, cl, group, patience, say)
}
