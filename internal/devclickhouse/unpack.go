package devclickhouse

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
)

// unpack verifies the package, takes the library out of it, verifies that, and
// gives it its final name in folder. packed lies in a working folder of folder.
func unpack(ctx context.Context, a artifact, packed, folder string, progress Progress) (string, error) {
	file, err := os.Open(packed)
	if err != nil {
		return "", fmt.Errorf("open the package: %w", err)
	}
	defer file.Close()
	sum := sha512.New()
	if _, err := io.Copy(sum, newMeter(ctx, file, StepVerify, a.packageBytes, progress)); err != nil {
		return "", fmt.Errorf("read the package: %w", err)
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != a.integrity {
		return "", fmt.Errorf("%w (package: got %s, want %s)", ErrChecksum, got, a.integrity)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read the package again: %w", err)
	}
	member, err := openMember(file, a.member)
	if err != nil {
		return "", err
	}
	temporary := filepath.Join(filepath.Dir(packed), libraryFile)
	if err := writeLibrary(newMeter(ctx, member, StepUnpack, a.libraryBytes, progress), a, temporary); err != nil {
		return "", err
	}
	path := filepath.Join(folder, libraryFile)
	if err := os.Rename(temporary, path); err != nil {
		return "", fmt.Errorf("put the library in place: %w", err)
	}
	return path, syncFolder(folder)
}

func openMember(packed io.Reader, name string) (io.Reader, error) {
	unzipped, err := gzip.NewReader(packed)
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	archive := tar.NewReader(unzipped)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("unpack: the package has no %s", name)
		}
		if err != nil {
			return nil, fmt.Errorf("unpack: %w", err)
		}
		if header.Name == name {
			return archive, nil
		}
	}
}

// writeLibrary writes, verifies and syncs the file.
func writeLibrary(source io.Reader, a artifact, path string) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return fmt.Errorf("make the library's file: %w", err)
	}
	defer func() {
		if closeErr := file.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("close the library's file: %w", closeErr)
		}
	}()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(file, sum), io.LimitReader(source, a.libraryBytes+1))
	if err != nil {
		return fmt.Errorf("write the library: %w", err)
	}
	if err := sameLibrary(a, n, sum); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("sync the library: %w", err)
	}
	return nil
}

func sameLibrary(a artifact, n int64, sum hash.Hash) error {
	got := hex.EncodeToString(sum.Sum(nil))
	if n != a.libraryBytes || got != a.librarySHA256 {
		return fmt.Errorf("%w (library: got %d bytes, sha256 %s, want %d, %s)", ErrChecksum, n, got, a.libraryBytes,
			a.librarySHA256)
	}
	return nil
}

// syncFolder makes the new name last.
func syncFolder(folder string) error {
	handle, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("open the cache folder: %w", err)
	}
	defer handle.Close()
	if err := handle.Sync(); err != nil {
		return fmt.Errorf("sync the cache folder: %w", err)
	}
	return nil
}

// meter reports what is read through it, every few megabytes, and ends when
// its context does.
type meter struct {
	ctx         context.Context
	source      io.Reader
	step        string
	done, total int64
	reported    int64
	progress    Progress
}

const meterBytes = 8 << 20

func newMeter(ctx context.Context, source io.Reader, step string, total int64, progress Progress) *meter {
	progress(step, 0, total)
	return &meter{ctx: ctx, source: source, step: step, total: total, progress: progress}
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.source.Read(p)
	m.done += int64(n)
	if m.done-m.reported >= meterBytes || err != nil {
		m.reported = m.done
		m.progress(m.step, m.done, m.total)
	}
	return n, err
}
