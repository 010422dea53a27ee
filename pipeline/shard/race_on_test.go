//go:build race

package shard

// underRace says that the race detector watches, which makes every access to
// memory some ten times as slow. Nothing here runs beside anything else, so
// what it finds are wrong uses of pointers, and a few rounds find as many.
const underRace = true
