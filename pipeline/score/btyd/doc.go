// Package btyd holds the "buy till you die" purchase models: what a customer's
// count of repeat purchases, the time of the last one and the age say about
// whether it is still a customer, whether it returns, how often, and what that
// is worth.
//
//	model         file           dropout
//	BG/NBD        bgnbd.go       after a repeat purchase (Fader, Hardie & Lee 2005)
//	MBG/NBD       mbgnbd.go      after any purchase (Batislam et al. 2007; Hoppe & Wagner 2007)
//	MBG/CNBD-k    mbgcnbdk.go    the same, gaps Erlang-k (Reutterer, Platzer & Schröder 2020)
//	Pareto/NBD    paretonbd.go   at any time (Schmittlein, Morrison & Colombo 1987)
//	BG/BB         bgbb.go        at any of n fixed opportunities (Fader, Hardie & Shang 2010)
//	gamma-gamma   gammagamma.go  spend per purchase day (Fader & Hardie 2013)
//
// All time is in weeks. A plain method takes arguments that have passed
// Validate; it allocates nothing and returns no error. Where input is not
// trusted, Checked and CheckedHorizon validate first and give a *DomainError,
// never a number. Every form is the one that neither overflows nor cancels
// inside the stated domain (domain.go); a power is always an exponential of a
// logarithm, a difference of survivals is never taken, and removable
// singularities (a = 1, s = 1, α = β) are removed.
//
// The package is pure: no goroutine, no I/O, no clock, no state.
package btyd
