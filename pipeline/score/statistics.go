// Package score turns one customer's numbers at a moment into what is published
// of it: probabilities, value, churn risk with its reasons, and the ladder stage.
//
// Everything here is a pure function of a Statistics, which the shard fills from
// the customer's record, and of the Parameters in force. Nothing allocates. One
// file per family of signals, listed in families.go; the formulas of the purchase
// model are in package btyd.
package score

import "github.com/holdfast/holdfast/pipeline/event"

// Facts is what a customer is judged by, at every event and every deadline: no
// more than levels, alerts and their reasons ask for. The counting rules are
// those of docs/signals.md. Windows of N days include today's business day.
// Money is in minor units of the deployment's currency. An Instant of 0 stands
// for "none".
type Facts struct {
	// Now is the moment described, Today its business day. Today must not lie
	// before LastDay.
	Now   event.Instant
	Today event.Day

	// Purchase days: X counts the repeat ones (the first excluded). The days
	// hold nothing unless HasPurchase.
	HasPurchase bool
	X           uint32
	FirstDay    event.Day
	LastDay     event.Day

	Orders90         uint32
	Net90            int64
	OrdersPrevious90 uint32 // of the 90 business days before the last 90
	NetPrevious90    int64

	// Of these orders, those in another currency: they have no money.
	OrdersForeign90         uint32
	OrdersForeignPrevious90 uint32

	Visits30         uint32
	VisitsPrevious90 uint32 // of the 90 business days before the last 90
	CartOrInquiry    bool   // ever
	Channels90       uint8  // distinct channels of the last 90 days

	ComplaintsOpen        uint32
	ComplaintsIn30        uint32        // made in the last 30 business days
	SLABreachedOpen       bool          // an open complaint is past its first-response or resolution time
	SevereBreached        bool          // a severe one is
	SLABrokenAt           event.Instant // the latest time that an open complaint has missed; 0 none
	ComplaintResolvedLate bool          // the latest one solved was solved after its time
	LastComplaintAt       event.Instant
	LastComplaintSolvedAt event.Instant

	RatingLast     uint8 // 1 to 5; 0 none
	RatingPrevious uint8

	RefundInLastOrder   bool
	LateDelivery        bool // within 90 days
	DiscountAcquired    bool // the first order was discounted
	PointsRedeemed30    bool
	Referral90          bool
	ReferralMade        bool // within 365 days, and no bad rating since
	RatedFiveWithReview bool // likewise

	Closed      bool // a closure that no later purchase has undone
	Closure     event.ClosureReason
	OptedOut    bool
	DoNotRetain bool

	Approximate bool // something may be missing, or a sum has met its limit

	// The activity days: hold something where Parameters.HasActivity, and in a
	// Statistics always. ActivityHeld says that nothing follows from missing visits,
	// since visits of nobody arrive.
	ActivityFigures
	ActivityHeld bool
}

// Statistics is one customer's numbers at one moment: the facts, and what is
// published beside them in a row or told in an alert. Each family's figures stand
// in its file, with the columns that are made of them.
type Statistics struct {
	Facts
	RecencyFigures
	MonetaryFigures
	VisitFigures
	IntentFigures
	ComplaintFigures
	OverdueFigures
}

// RecencyDays is the number of business days since the latest purchase day: the
// current silence g. 0 without a purchase.
func (s *Facts) RecencyDays() int32 {
	if !s.HasPurchase || s.Today < s.LastDay {
		return 0
	}
	return int32(s.Today - s.LastDay)
}

// TenureDays is the number of business days since the first purchase day: T.
// 0 without a purchase.
func (s *Facts) TenureDays() int32 {
	if !s.HasPurchase || s.Today < s.FirstDay {
		return 0
	}
	return int32(s.Today - s.FirstDay)
}
