// Package devclickhouse is a ClickHouse for development and tests that needs
// no server: the engine as a shared library, loaded without cgo, behind an
// HTTP front end that clickhouse-go (HTTP protocol), curl and other HTTP
// clients talk to.
//
// Fetch gets the library once into the user's cache. StartProcess runs engine
// and front end in a child process, which is the normal way: a crash of the
// engine does not take the caller down, its signal handlers stay out of the
// caller, and a test can kill it. Open runs both in the calling process.
//
// A program that calls StartProcess calls MaybeRunChild first thing in main
// (a test binary: enginetest.Main in TestMain), because the child is the same
// executable started again.
//
// Whoever reaches the port acts as the user who runs the engine, so the front
// end refuses what leads out of it (fence.go, names.go, settings.go), and the
// engine's one user has no right to files and hosts (rights.go).
//
// What it is not: no users of its own, no quotas, no native-protocol port, no
// cluster, one data directory per process.
package devclickhouse
