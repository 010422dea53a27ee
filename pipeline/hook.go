package pipeline

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

func (p *Pipeline) reach(point Point) {
	if p.cfg.Hook != nil {
		p.cfg.Hook(point)
	}
}
