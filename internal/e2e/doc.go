// Package e2e has the tests that drive the built program as a user does: one
// process serves the engines, one runs, files are sent by backfill, and the
// answers are read by SQL and from the topics.
package e2e
