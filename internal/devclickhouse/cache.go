package devclickhouse

import (
	"fmt"
	"os"
	"path/filepath"
)

const (
	// libraryVariable names a library that is used as it is.
	libraryVariable = "HOLDFAST_CHDB_LIB"
	// cacheVariable names the folder to use in place of the user's cache.
	cacheVariable = "HOLDFAST_CACHE"
	libraryFile   = "libchdb.so"
)

// artifact is a release of the library, pinned.
type artifact struct {
	name          string // npm package
	version       string
	integrity     string // npm's, of the package: "sha512-" and base64
	packageBytes  int64
	member        string // the library's path inside the package
	librarySHA256 string // hex
	libraryBytes  int64
}

// pinned is the release that the front end is tested with. Checksums were
// taken from the package when the version was pinned.
func pinned() artifact {
	return artifact{
		name:          "@chdb/lib-linux-x64-gnu",
		version:       "26.7.3-stable.1",
		integrity:     "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==",
		packageBytes:  177817999,
		member:        "package/libchdb.so",
		librarySHA256: "36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5",
		libraryBytes:  566330096,
	}
}

// Version is the release of the engine's library that is pinned.
func Version() string { return pinned().version }

// folder is where the release lies in the cache.
func (a artifact) folder() (string, error) {
	root := os.Getenv(cacheVariable)
	if root == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find the user's cache folder (or set %s): %w", cacheVariable, err)
		}
		root = filepath.Join(user, "holdfast")
	}
	return filepath.Join(root, "chdb", a.version), nil
}

// locate finds the release in the cache. A file gets its final name only after
// its checksum was verified, so its size is enough to tell that it is whole.
func (a artifact) locate() (string, bool) {
	folder, err := a.folder()
	if err != nil {
		return "", false
	}
	path := filepath.Join(folder, libraryFile)
	info, err := os.Stat(path)
	return path, err == nil && info.Mode().IsRegular() && info.Size() == a.libraryBytes
}

// Locate finds the engine's library: $HOLDFAST_CHDB_LIB, else the cache
// ($HOLDFAST_CACHE, else holdfast in the user's cache folder). It reads no
// file's content.
func Locate() (path string, ok bool) {
	if given := os.Getenv(libraryVariable); given != "" {
		info, err := os.Stat(given)
		return given, err == nil && !info.IsDir()
	}
	return pinned().locate()
}
