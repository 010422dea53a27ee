package assign

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const testGroup = "processing"

// groupMember is a real client in a real group; it remembers what it holds.
type groupMember struct {
	balancer *Balancer
	client   *kgo.Client

	mu          sync.Mutex
	held        map[string]map[int32]bool
	revocations int // with partitions
	empty       int // callbacks without partitions
	changed     chan struct{}
}

func startMember(t *testing.T, cluster *kfake.Cluster, topics []string, options ...kgo.Opt) *groupMember {
	t.Helper()
	member := &groupMember{
		balancer: New(topics),
		held:     map[string]map[int32]bool{},
		changed:  make(chan struct{}, 1),
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(cluster.ListenAddrs()...),
		kgo.ConsumerGroup(testGroup), kgo.ConsumeTopics(topics...), kgo.Balancers(member.balancer),
		kgo.DisableAutoCommit(),
		kgo.SessionTimeout(6 * time.Second), kgo.HeartbeatInterval(20 * time.Millisecond),
		kgo.MetadataMinAge(20 * time.Millisecond),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client,
			added map[string][]int32) {
			member.note(added, true)
		}),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, gone map[string][]int32) { member.note(gone, false) }),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, gone map[string][]int32) { member.note(gone, false) }),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	member.client = client
	t.Cleanup(client.Close)
	return member
}

func (m *groupMember) note(partitions map[string][]int32, held bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(partitions) == 0 {
		m.empty++
	}
	if !held && len(partitions) > 0 {
		m.revocations++
	}
	for topic, numbers := range partitions {
		if m.held[topic] == nil {
			m.held[topic] = map[int32]bool{}
		}
		for _, number := range numbers {
			if held {
				m.held[topic][number] = true
			} else {
				delete(m.held[topic], number)
			}
		}
	}
	select {
	case m.changed <- struct{}{}:
	default: // a wake-up is already waiting
	}
}

// counts returns how many partitions of each topic the member holds.
func (m *groupMember) counts() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := map[string]int{}
	for topic, numbers := range m.held {
		if len(numbers) > 0 {
			counts[topic] = len(numbers)
		}
	}
	return counts
}

// await waits until the member has the role and holds the partitions.
func (m *groupMember) await(t *testing.T, role Role, want map[string]int) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for m.balancer.Role() != role || cmp.Diff(want, m.counts()) != "" {
		select {
		case <-m.changed:
		case <-deadline:
			t.Fatalf("role %s holding %v, want %s holding %v", m.balancer.Role(), m.counts(), role, want)
		}
	}
}

func newCluster(t *testing.T, counts map[string]int32) *kfake.Cluster {
	t.Helper()
	options := []kfake.Opt{kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Millisecond)}
	for topic, count := range counts {
		options = append(options, kfake.SeedTopics(count, topic))
	}
	cluster, err := kfake.NewCluster(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster
}

var inputs = []string{"complaints", "purchases", "visits"}

func TestASecondInstanceStaysIdleUntilTheOwnerLeaves(t *testing.T) {
	cluster := newCluster(t, map[string]int32{"complaints": 4, "purchases": 4, "visits": 4})
	all := map[string]int{"complaints": 4, "purchases": 4, "visits": 4}
	first := startMember(t, cluster, inputs)
	first.await(t, RoleOwner, all)

	second := startMember(t, cluster, inputs)
	second.await(t, RoleIdle, map[string]int{})
	if _, err := cluster.WaitGroupStable(t.Context(), testGroup, 2); err != nil {
		t.Fatal(err)
	}
	first.await(t, RoleOwner, all)
	if first.revocations != 0 {
		t.Errorf("the owner lost partitions %d times to a newcomer", first.revocations)
	}
	if second.empty == 0 {
		t.Error("no callback came without partitions: idle members then have another way to learn that they joined")
	}

	first.client.Close()
	second.await(t, RoleOwner, all)
}

func TestAStaticMemberComesBackToItsPartitions(t *testing.T) {
	cluster := newCluster(t, map[string]int32{"complaints": 3, "purchases": 3, "visits": 3})
	all := map[string]int{"complaints": 3, "purchases": 3, "visits": 3}
	first := startMember(t, cluster, inputs, kgo.InstanceID("holdfast-0"))
	first.await(t, RoleOwner, all)
	second := startMember(t, cluster, inputs, kgo.InstanceID("holdfast-1"))
	second.await(t, RoleIdle, map[string]int{})
	if _, err := cluster.WaitGroupStable(t.Context(), testGroup, 2); err != nil {
		t.Fatal(err)
	}

	first.client.Close() // a static member does not leave
	again := startMember(t, cluster, inputs, kgo.InstanceID("holdfast-0"))
	again.await(t, RoleOwner, all)
	if role := second.balancer.Role(); role != RoleIdle {
		t.Errorf("the other instance became %s", role)
	}
}

func TestTheGroupSaysWhyItCannotBeAssigned(t *testing.T) {
	for name, test := range map[string]struct {
		counts map[string]int32
		text   string
	}{
		"unequal": {map[string]int32{"complaints": 3, "purchases": 3, "visits": 4}, "complaints=3, purchases=3, visits=4"},
		"missing": {map[string]int32{"complaints": 3, "purchases": 3}, "input topic missing: visits"},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, test.counts)
			member := startMember(t, cluster, inputs)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			for {
				err := member.client.PollFetches(ctx).Err()
				var session *kgo.ErrGroupSession
				if errors.As(err, &session) && strings.Contains(err.Error(), test.text) {
					break
				}
				if ctx.Err() != nil {
					t.Fatalf("polls did not say %q, last: %v", test.text, err)
				}
			}
			if len(member.counts()) != 0 {
				t.Errorf("partitions were assigned all the same: %v", member.counts())
			}
		})
	}
}

func TestTheGroupRecoversOnceTheTopicIsThere(t *testing.T) {
	cluster := newCluster(t, map[string]int32{"complaints": 3, "purchases": 3})
	member := startMember(t, cluster, inputs)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for member.client.PollFetches(ctx).Err() == nil {
	}
	if err := cluster.CreateTopic("visits", 3, nil); err != nil {
		t.Fatal(err)
	}
	polling, stop := context.WithCancel(ctx)
	var poller sync.WaitGroup
	poller.Go(func() {
		for polling.Err() == nil {
			member.client.PollFetches(polling)
		}
	})
	member.await(t, RoleOwner, map[string]int{"complaints": 3, "purchases": 3, "visits": 3})
	stop()
	poller.Wait()
}
