// Package fit estimates the parameters of the purchase models from a customer
// base by maximum likelihood.
//
// A base is given as Points: customers with the same history and their count,
// made from Cells (sufficient statistics that customers can be moved between)
// or from single triples with Group. Fit maximises the likelihood over a box of
// log-parameters from several starts, judges whether it converged, and gives
// standard errors and guards: what must not be believed of the result.
//
// Time is in weeks, as in package btyd.
package fit
