package restore

import (
	"errors"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/state"
)

// errHole says that the batch log lacks an entry in its middle, errCut that it
// lacks its end.
var (
	errHole = errors.New("the batch log has a hole: it was truncated or written by someone else")
	errCut  = errors.New("the batch log was cut after a crash")
	// ErrNoVersion says that a batch was judged by what is no longer there.
	ErrNoVersion = errors.New("a version that a batch was judged by is gone")
)

func isDamage(err error) bool {
	for _, damage := range []error{errHole, errCut, ErrNoVersion, ErrForeign, checkpoint.ErrEntryCorrupt,
		checkpoint.ErrEntryMagic, checkpoint.ErrEntryVersion} {
		if errors.Is(err, damage) {
			return true
		}
	}
	return isPageDamage(err)
}

func isPageDamage(err error) bool {
	for _, damage := range []error{state.ErrPageMagic, state.ErrPageVersion, state.ErrPageCorrupt, state.ErrPageMisplace,
		state.ErrPageMissing} {
		if errors.Is(err, damage) {
			return true
		}
	}
	return false
}
