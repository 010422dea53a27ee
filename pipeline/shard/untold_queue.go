package shard

import "github.com/holdfast/holdfast/pipeline/state"

// before reports whether a customer is told of before another.
func (a candidate) before(b candidate) bool {
	if a.what != b.what {
		return a.what > b.what
	}
	if a.value != b.value {
		return a.value > b.value
	}
	return a.slot < b.slot
}

func (u *untold) put(c candidate) {
	u.waiting = append(u.waiting, c)
	for at := len(u.waiting) - 1; at > 0; {
		parent := (at - 1) / 2
		if !u.waiting[at].before(u.waiting[parent]) {
			return
		}
		u.waiting[at], u.waiting[parent] = u.waiting[parent], u.waiting[at]
		at = parent
	}
}

// take removes the first to be told; there must be one.
func (u *untold) take() state.Slot {
	first, last := u.waiting[0], len(u.waiting)-1
	u.waiting[0], u.waiting = u.waiting[last], u.waiting[:last]
	for at := 0; ; {
		least := at
		for child := 2*at + 1; child <= 2*at+2 && child < last; child++ {
			if u.waiting[child].before(u.waiting[least]) {
				least = child
			}
		}
		if least == at {
			break
		}
		u.waiting[at], u.waiting[least] = u.waiting[least], u.waiting[at]
		at = least
	}
	u.listed[first.slot/64] &^= 1 << (first.slot % 64)
	return first.slot
}
