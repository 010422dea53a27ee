package pipeline

import (
	"errors"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

// errHole says that the batch log lacks an entry in its middle, errCut that it
// lacks its end.
var (
	errHole = errors.New("the batch log has a hole: it was truncated or written by someone else")
	errCut  = errors.New("the batch log was cut after a crash")
	// errNoVersion says that a batch was judged by what is no longer there.
	errNoVersion = errors.New("a version that a batch was judged by is gone")
)

func isDamage(err error) bool {
	for _, damage := range []error{errHole, errCut, errNoVersion, errForeign, checkpoint.ErrEntryCorrupt, checkpoint.ErrEntryMagic, checkpoint.ErrEntryVersion} {
		if errors.Is(err, damage) {
			return true
		}
	}
	return isPageDamage(err)
}
