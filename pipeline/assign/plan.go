package assign

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// candidate is one member as the plan sees it.
type candidate struct {
	topics     []string // subscribed, sorted
	owned      int      // partitions it says it owns, over all topics
	generation int32    // the group generation in which it last owned them
}

// ownAll gives every number to one member: the one that owns partitions (the
// newest claim, then the larger), else the first. Members come sorted by
// instance id, then member id. It returns the member of each number; spreading
// numbers over several members replaces this function and nothing else.
func ownAll(members []candidate, numbers int32) []int {
	owner := 0
	for i, member := range members {
		if member.owned > 0 && claims(member, members[owner]) {
			owner = i
		}
	}
	return slices.Repeat([]int{owner}, int(numbers))
}

// claims reports whether a's claim on the partitions beats b's.
func claims(a, b candidate) bool {
	if b.owned == 0 {
		return true
	}
	if a.generation != b.generation {
		return a.generation > b.generation
	}
	return a.owned > b.owned
}

func candidates(balancer *kgo.ConsumerBalancer) []candidate {
	members := make([]candidate, 0, len(balancer.Members()))
	balancer.EachMember(func(_ *kmsg.JoinGroupResponseMember, meta *kmsg.ConsumerMemberMetadata) {
		member := candidate{topics: meta.Topics, generation: meta.Generation}
		for _, owned := range meta.OwnedPartitions {
			member.owned += len(owned.Partitions)
		}
		members = append(members, member)
	})
	return members
}

// Balance makes the leader's plan; the client calls it, through the interface
// kgo.ConsumerBalancerBalance. counts holds the partition count of every topic
// that a member subscribes to. Unequal counts and missing topics end in an
// error, which leaves the group without an assignment: the client reports it
// with every poll and tries again.
func (b *Balancer) Balance(balancer *kgo.ConsumerBalancer, counts map[string]int32) kgo.IntoSyncAssignment {
	numbers, err := b.numbers(counts)
	if err != nil {
		balancer.SetError(fmt.Errorf("assign partitions: %w", err))
		return nil
	}
	members := candidates(balancer)
	plan := balancer.NewPlan()
	owners := ownAll(members, numbers)
	owning := make([]bool, len(members))
	for number, owner := range owners {
		owning[owner] = true
		member, _ := balancer.MemberAt(owner)
		for _, topic := range b.topics {
			if slices.Contains(members[owner].topics, topic) {
				plan.AddPartition(member, topic, int32(number))
			}
		}
	}
	// What moves between members is withheld until its old owner let go.
	plan.AdjustCooperative(balancer)
	return noted{plan: plan, notes: notes(balancer, owning)}
}

// numbers checks the configured topics and returns their partition count.
func (b *Balancer) numbers(counts map[string]int32) (int32, error) {
	wanted := make(map[string]int32, len(b.topics))
	for _, topic := range b.topics {
		wanted[topic] = counts[topic]
	}
	if err := CheckCopartitioned(wanted); err != nil {
		return 0, err
	}
	return wanted[b.topics[0]], nil
}

func notes(balancer *kgo.ConsumerBalancer, owning []bool) map[string]note {
	byMember := make(map[string]note, len(owning))
	for i, owns := range owning {
		member, _ := balancer.MemberAt(i)
		byMember[member.MemberID] = note{Version: noteVersion, Members: len(owning), Owner: owns}
	}
	return byMember
}
