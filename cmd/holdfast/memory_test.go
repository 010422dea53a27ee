package main

import (
	"math"
	"testing"
)

func TestBoundsFollowTheMemoryLimit(t *testing.T) {
	const mib = 1 << 20
	for limit, want := range map[int64]memoryBounds{
		math.MaxInt64: {64 * mib, 48 * mib, 48 * mib, 64 * mib}, // none
		816 * mib:     {51 * mib, 34 * mib, 48 * mib, 64 * mib}, // about 1 GiB's share
		384 * mib:     {24 * mib, 16 * mib, 24 * mib, 32 * mib},
		64 * mib:      {16 * mib, 8 * mib, 8 * mib, 16 * mib},
	} {
		got := boundMemory(limit)
		if got != want {
			t.Errorf("%d MiB: %+v, want %+v", limit/mib, got, want)
		}
	}
}
