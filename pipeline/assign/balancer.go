package assign

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ProtocolName is the group protocol of this balancer. It is our own, so that
// a consumer with a stock balancer cannot join the group by accident. Members
// with another protocol name cannot join either: a change of the plan that old
// and new instances would disagree about needs a new name.
const ProtocolName = "holdfast-1"

const (
	metadataVersion = 3 // of the consumer protocol: owned partitions (1), generation (2), rack (3)
	noteVersion     = 1
)

// Role is what the newest assignment made of this member.
type Role int32

const (
	// RoleUnknown: no assignment yet.
	RoleUnknown Role = iota
	// RoleOwner: this member owns partitions, or will as soon as their old
	// owner has let go.
	RoleOwner
	// RoleIdle: other members own all partitions.
	RoleIdle
)

// String returns the role's name: unknown, owner, idle.
func (r Role) String() string {
	switch r {
	case RoleOwner:
		return "owner"
	case RoleIdle:
		return "idle"
	default:
		return "unknown"
	}
}

// Balancer is the co-partitioning cooperative balancer. Each client needs its
// own. It is safe for concurrent use.
type Balancer struct {
	topics []string
	role   atomic.Int32
}

var (
	_ kgo.GroupBalancer           = (*Balancer)(nil)
	_ kgo.ConsumerBalancerBalance = (*Balancer)(nil)
)

// New makes a balancer for the given input topics, which must be all that the
// client consumes: give it to kgo.Balancers as the only one.
func New(topics []string) *Balancer {
	sorted := slices.Clone(topics)
	slices.Sort(sorted)
	return &Balancer{topics: slices.Compact(sorted)}
}

// Role returns what the newest assignment made of this member. It is set
// before the client's assignment callbacks run, and it is not reset when the
// member loses its assignment.
func (b *Balancer) Role() Role { return Role(b.role.Load()) }

// ProtocolName implements kgo.GroupBalancer.
func (*Balancer) ProtocolName() string { return ProtocolName }

// IsCooperative implements kgo.GroupBalancer: partitions that stay are not
// revoked during a rebalance.
func (*Balancer) IsCooperative() bool { return true }

// JoinGroupMetadata implements kgo.GroupBalancer. The bytes depend on nothing
// but the arguments: a difference would cause a rebalance.
func (*Balancer) JoinGroupMetadata(interests []string, owned map[string][]int32, generation int32) []byte {
	meta := kmsg.NewConsumerMemberMetadata()
	meta.Version = metadataVersion
	meta.Topics = interests
	meta.Generation = generation
	for _, topic := range slices.Sorted(maps.Keys(owned)) {
		partitions := kmsg.NewConsumerMemberMetadataOwnedPartition()
		partitions.Topic = topic
		partitions.Partitions = owned[topic]
		meta.OwnedPartitions = append(meta.OwnedPartitions, partitions)
	}
	return meta.AppendTo(nil)
}

// MemberBalancer implements kgo.GroupBalancer.
func (b *Balancer) MemberBalancer(members []kmsg.JoinGroupResponseMember) (kgo.GroupMemberBalancer, map[string]struct{},
	error) {
	balancer, err := kgo.NewConsumerBalancer(b, members)
	if err != nil {
		return nil, nil, fmt.Errorf("read the members' metadata: %w", err)
	}
	return balancer, balancer.MemberTopics(), nil
}

// ParseSyncAssignment implements kgo.GroupBalancer. It also takes the role
// from the leader's note; an assignment without one, or with one of a newer
// version, is judged by whether it holds partitions.
func (b *Balancer) ParseSyncAssignment(assignment []byte) (map[string][]int32, error) {
	var parsed kmsg.ConsumerMemberAssignment
	// A broker sends no bytes at all to a member that no plan mentions.
	if len(assignment) > 0 {
		if err := parsed.ReadFrom(assignment); err != nil {
			return nil, fmt.Errorf("read the assignment: %w", err)
		}
	}
	partitions := make(map[string][]int32, len(parsed.Topics))
	role := RoleIdle
	for _, topic := range parsed.Topics {
		partitions[topic.Topic] = topic.Partitions
		if len(topic.Partitions) > 0 {
			role = RoleOwner
		}
	}
	var read note
	if json.Unmarshal(parsed.UserData, &read) == nil && read.Version == noteVersion && read.Owner {
		role = RoleOwner
	}
	b.role.Store(int32(role))
	return partitions, nil
}

// note is what the leader tells each member beside its partitions.
type note struct {
	Version int  `json:"version"`
	Members int  `json:"members"`
	Owner   bool `json:"owner"`
}

// noted is a plan whose assignments carry notes.
type noted struct {
	plan  *kgo.BalancePlan
	notes map[string]note
}

// IntoSyncAssignment implements kgo.IntoSyncAssignment.
func (n noted) IntoSyncAssignment() []kmsg.SyncGroupRequestGroupAssignment {
	assignments := n.plan.IntoSyncAssignment()
	for i := range assignments {
		var assignment kmsg.ConsumerMemberAssignment
		if err := assignment.ReadFrom(assignments[i].MemberAssignment); err != nil {
			panic(fmt.Sprintf("assign: the client's own encoding does not read back: %v", err))
		}
		userData, err := json.Marshal(n.notes[assignments[i].MemberID])
		if err != nil {
			panic(fmt.Sprintf("assign: a note does not encode: %v", err))
		}
		assignment.UserData = userData
		assignments[i].MemberAssignment = assignment.AppendTo(nil)
	}
	return assignments
}
