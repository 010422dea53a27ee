package shard

import (
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
)

const (
	// advocacyLasts is how long a referral or a review of five stars makes an advocate.
	advocacyLasts = 365 * event.Day24h
	// badRating is the highest rating that takes it back.
	badRating = 2
)

// advocacy reads what makes the customer an advocate at the moment f.Now. The
// latest rating takes back what lies before it, where it is bad.
func advocacy(c *state.Customer, f *score.Facts) {
	made := func(at event.Instant) bool {
		last := &c.Ratings.Last
		fell := last.Value != 0 && last.Value <= badRating && last.At > at
		return at != 0 && at > f.Now-advocacyLasts && !fell
	}
	f.ReferralMade = made(c.Interest.ReferralAt)
	f.RatedFiveWithReview = made(c.Interest.ReviewAt)
}

// advocacyEnds is when the next of what makes an advocate is too old; Never if
// nothing does.
func advocacyEnds(c *state.Customer, now event.Instant) event.Instant {
	next := policy.Never
	for _, at := range [...]event.Instant{c.Interest.ReferralAt, c.Interest.ReviewAt} {
		if at != 0 && at+advocacyLasts > now {
			next = min(next, at+advocacyLasts)
		}
	}
	return next
}
