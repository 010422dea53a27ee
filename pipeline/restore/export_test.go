package restore

// What tests outside the package tell damage by.
var (
	ErrHole = errHole
	ErrCut  = errCut
)
