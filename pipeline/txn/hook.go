package txn

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Point names a place in the protocol at which a test may kill the process.
type Point string

// The points, in the order of a commit's life; then those of a restore.
const (
	AfterPoll            Point = "after-poll"
	AfterBegin           Point = "after-begin"
	MidProduce           Point = "mid-produce"
	AfterFlush           Point = "after-flush"
	BetweenOffsetsAndEnd Point = "between-offsets-and-end"
	AfterEnd             Point = "after-end"
	MidRestore           Point = "mid-restore"
	MidPage              Point = "mid-page"
)

// Points are all of them.
func Points() []Point {
	return []Point{AfterPoll, AfterBegin, MidProduce, AfterFlush, BetweenOffsetsAndEnd, AfterEnd, MidRestore, MidPage}
}

func (p *Process) reach(point Point) {
	if p.cfg.Hook != nil {
		p.cfg.Hook(point)
	}
}

// offsetsAnswered reaches BetweenOffsetsAndEnd: when the broker's answer to a
// TxnOffsetCommit has been read, and before the client, which waits for that
// answer, ends the transaction.
type offsetsAnswered struct{ p *Process }

var _ kgo.HookBrokerRead = offsetsAnswered{}

// OnBrokerRead implements kgo.HookBrokerRead.
func (h offsetsAnswered) OnBrokerRead(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, err error) {
	if err == nil && key == int16(kmsg.TxnOffsetCommit) {
		h.p.reach(BetweenOffsetsAndEnd)
	}
}

// hooked adds what the points need of the client, where somebody waits for them.
func (p *Process) hooked(options []kgo.Opt) []kgo.Opt {
	if p.cfg.Hook == nil {
		return options
	}
	return append(options, kgo.WithHooks(offsetsAnswered{p}))
}
