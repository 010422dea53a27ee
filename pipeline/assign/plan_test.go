package assign

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestCheckCopartitioned(t *testing.T) {
	for name, test := range map[string]struct {
		counts map[string]int32
		want   error
		text   string
	}{
		"equal": {counts: map[string]int32{"a": 6, "b": 6, "c": 6}},
		"one":   {counts: map[string]int32{"a": 1}},
		"none":  {want: ErrNoTopics, text: "no input topics"},
		"unequal": {counts: map[string]int32{"b": 12, "a": 6, "c": 6}, want: ErrNotCopartitioned,
			text: "input topics have unequal partition counts: a=6, b=12, c=6"},
		"missing": {counts: map[string]int32{"b": 0, "a": 6, "c": -1}, want: ErrMissingTopic,
			text: "input topic missing: b, c"},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckCopartitioned(test.counts)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if err != nil && err.Error() != test.text {
				t.Errorf("got %q, want %q", err, test.text)
			}
		})
	}
}

type testMember struct {
	id         string
	topics     []string
	owned      map[string][]int32
	generation int32
}

// planOf balances as the leader would and returns what each member is told.
func planOf(t *testing.T, balancer *Balancer, counts map[string]int32,
	members ...testMember) (map[string]map[string][]int32, map[string]Role, error) {
	t.Helper()
	var joined []kmsg.JoinGroupResponseMember
	for _, member := range members {
		response := kmsg.NewJoinGroupResponseMember()
		response.MemberID = member.id
		response.ProtocolMetadata = balancer.JoinGroupMetadata(member.topics, member.owned, member.generation)
		joined = append(joined, response)
	}
	group, _, err := balancer.MemberBalancer(joined)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := group.(kgo.GroupMemberBalancerOrError).BalanceOrError(counts)
	if err != nil {
		return nil, nil, err
	}
	told := map[string]map[string][]int32{}
	roles := map[string]Role{}
	for _, assignment := range plan.IntoSyncAssignment() {
		reader := New(balancer.topics)
		partitions, err := reader.ParseSyncAssignment(assignment.MemberAssignment)
		if err != nil {
			t.Fatal(err)
		}
		told[assignment.MemberID] = partitions
		roles[assignment.MemberID] = reader.Role()
	}
	return told, roles, nil
}

func TestOneMemberOwnsEveryNumber(t *testing.T) {
	topics := []string{"complaints", "purchases"}
	all := map[string][]int32{"complaints": {0, 1, 2}, "purchases": {0, 1, 2}}
	none := map[string][]int32{}
	part := map[string][]int32{"complaints": {2}, "purchases": {2}}
	counts := map[string]int32{"complaints": 3, "purchases": 3}
	for name, test := range map[string]struct {
		members []testMember
		want    map[string]map[string][]int32
		roles   map[string]Role
	}{
		"alone": {
			members: []testMember{{id: "a", topics: topics, generation: -1}},
			want:    map[string]map[string][]int32{"a": all},
			roles:   map[string]Role{"a": RoleOwner},
		},
		"nobody owns: the first": {
			members: []testMember{{id: "a", topics: topics}, {id: "b", topics: topics}, {id: "c", topics: topics}},
			want:    map[string]map[string][]int32{"a": all, "b": none, "c": none},
			roles:   map[string]Role{"a": RoleOwner, "b": RoleIdle, "c": RoleIdle},
		},
		"the owner keeps all": {
			members: []testMember{{id: "a", topics: topics}, {id: "b", topics: topics, owned: all, generation: 7}},
			want:    map[string]map[string][]int32{"a": none, "b": all},
			roles:   map[string]Role{"a": RoleIdle, "b": RoleOwner},
		},
		"an owner of some gets all": {
			members: []testMember{{id: "a", topics: topics}, {id: "b", topics: topics, owned: part, generation: 7}},
			want:    map[string]map[string][]int32{"a": none, "b": all},
			roles:   map[string]Role{"a": RoleIdle, "b": RoleOwner},
		},
		"the newer claim wins, and waits for the older to let go": {
			members: []testMember{{id: "a", topics: topics, owned: all, generation: 3},
				{id: "b", topics: topics, owned: part, generation: 7}},
			want:  map[string]map[string][]int32{"a": none, "b": part},
			roles: map[string]Role{"a": RoleIdle, "b": RoleOwner},
		},
	} {
		t.Run(name, func(t *testing.T) {
			told, roles, err := planOf(t, New(topics), counts, test.members...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, told); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.roles, roles); diff != "" {
				t.Errorf("roles (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBalanceRefuses(t *testing.T) {
	topics := []string{"complaints", "purchases"}
	member := testMember{id: "a", topics: topics}
	for name, test := range map[string]struct {
		counts map[string]int32
		want   error
		text   string
	}{
		"unequal counts": {map[string]int32{"complaints": 3, "purchases": 4}, ErrNotCopartitioned,
			"complaints=3, purchases=4"},
		"missing topic": {map[string]int32{"purchases": 4}, ErrMissingTopic, "complaints"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := planOf(t, New(topics), test.counts, member)
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got %v, want %v naming %s", err, test.want, test.text)
			}
		})
	}
	if _, _, err := planOf(t, New(nil), nil, member); !errors.Is(err, ErrNoTopics) {
		t.Errorf("without topics: %v", err)
	}
}

func TestJoinGroupMetadataIsDeterministic(t *testing.T) {
	balancer := New([]string{"a"})
	owned := map[string][]int32{"c": {1, 2}, "a": {1, 2}, "b": {1, 2}, "d": {1}}
	first := balancer.JoinGroupMetadata([]string{"a", "b"}, owned, 4)
	for range 20 {
		if diff := cmp.Diff(first, balancer.JoinGroupMetadata([]string{"a", "b"}, owned, 4)); diff != "" {
			t.Fatalf("metadata differs:\n%s", diff)
		}
	}
}

func TestParseSyncAssignmentWithoutANote(t *testing.T) {
	assignment := kmsg.NewConsumerMemberAssignment()
	topic := kmsg.NewConsumerMemberAssignmentTopic()
	topic.Topic, topic.Partitions = "a", []int32{0}
	assignment.Topics = append(assignment.Topics, topic)
	for name, test := range map[string]struct {
		bytes []byte
		want  Role
	}{
		"no bytes":         {nil, RoleIdle},
		"partitions only":  {assignment.AppendTo(nil), RoleOwner},
		"nothing assigned": {(&kmsg.ConsumerMemberAssignment{}).AppendTo(nil), RoleIdle},
	} {
		balancer := New([]string{"a"})
		if _, err := balancer.ParseSyncAssignment(test.bytes); err != nil || balancer.Role() != test.want {
			t.Errorf("%s: role %s, %v; want %s", name, balancer.Role(), err, test.want)
		}
	}
	if _, err := New(nil).ParseSyncAssignment([]byte{0}); err == nil {
		t.Error("a cut assignment was read without an error")
	}
}

func TestRoleNames(t *testing.T) {
	for role, want := range map[Role]string{RoleUnknown: "unknown", RoleOwner: "owner", RoleIdle: "idle"} {
		if got := role.String(); got != want {
			t.Errorf("role %d is %q, want %q", role, got, want)
		}
	}
}
