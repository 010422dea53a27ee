package devclickhouse

import "context"

// Progress hears about a fetch: the step in words, bytes done and bytes in
// all (0 where not known). It is called from one goroutine at a time.
type Progress func(step string, done, total int64)

// Locate finds the engine's library: $HOLDFAST_CHDB_LIB, else the cache
// ($HOLDFAST_CACHE, else the user's cache folder). It reads no file's content.
func Locate() (path string, ok bool) { return "", false }

// Fetch returns the library's path, getting it into the cache first where it
// is not there. progress may be nil.
func Fetch(ctx context.Context, progress Progress) (path string, err error) { return "", errNotYet }
