// Package assign gives partitions to the members of the processing group.
//
// A shard is one partition number across all input topics, so the unit that is
// assigned is a number, never a single topic's partition: a plan says which
// member owns which numbers, and is then expanded to all input topics. Stock
// balancers assign topic by topic and tear numbers apart.
//
// In this version one instance owns every number and the others stay idle.
// Spreading them later means another implementation of the one function that
// maps numbers to members (plan.go); the protocol, the expansion, the checks
// and the cooperative rounds stay as they are.
package assign
