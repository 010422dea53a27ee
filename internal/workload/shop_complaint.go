package workload

import (
	"strconv"

	"github.com/holdfast/holdfast/pipeline/event"
)

// ticket is a complaint on its way.
type ticket struct {
	id       string
	category string
	severity int64
	answered event.Instant
	next     string // the status that the next act tells
	redress  string // how it is resolved
}

var complaintCategories = [...]string{"logistics", "logistics", "logistics", "quality", "quality", "service", "service",
	"digital", "billing", "price", "attitude", "contract", "other"}

var redresses = [...]string{"apology", "voucher", "replace", "refund", "repair", "none"}

// complain opens a complaint. Most are acknowledged within hours and resolved
// within days; one in five is late, one in ten is not resolved: of those two in
// three are rejected or withdrawn within weeks, and the others stay open.
func (s *Shop) complain(a *act) {
	s.tickets++
	a.ticket = &ticket{
		id:       "k-" + strconv.Itoa(10_000+s.tickets),
		category: complaintCategories[s.random.IntN(len(complaintCategories))],
		severity: 1 + int64(s.random.IntN(5)),
		redress:  redresses[s.random.IntN(len(redresses))],
	}
	s.emit(event.Complaint, a, s.renderComplaint(a, "opened"))
	answer := 2*event.Hour + s.within(16*event.Hour)
	if s.happens(0.2) {
		answer += 2 * event.Day24h
	}
	a.ticket.next = "acknowledged"
	a.ticket.answered = a.at + answer
	s.plan(act{at: a.ticket.answered, do: (*Shop).progress, who: a.who, about: a.about, ticket: a.ticket})
}

// progress takes a complaint a step further.
func (s *Shop) progress(a *act) {
	k := a.ticket
	s.emit(event.Complaint, a, s.renderComplaint(a, k.next))
	later := func(status string, gap event.Instant) {
		k.next = status
		s.plan(act{at: a.at + gap, do: (*Shop).progress, who: a.who, about: a.about, ticket: k})
	}
	switch k.next {
	case "acknowledged", "reopened":
		dice := s.random.Float64()
		switch {
		case dice < 0.033:
		case dice < 0.067:
			later("rejected", 6*event.Day24h+s.within(30*event.Day24h))
		case dice < 0.1:
			later("withdrawn", 6*event.Day24h+s.within(30*event.Day24h))
		case dice < 0.3:
			later("resolved", 6*event.Day24h+s.within(9*event.Day24h))
		default:
			later("resolved", 6*event.Hour+s.within(3*event.Day24h))
		}
	case "resolved":
		dice := s.random.Float64()
		switch {
		case dice < 0.3:
			later("confirmed", event.Hour+s.within(2*event.Day24h))
		case dice < 0.36:
			later("reopened", event.Hour+s.within(3*event.Day24h))
		}
	}
}

// renderComplaint writes a step of a complaint.
func (s *Shop) renderComplaint(a *act, status string) []byte {
	k := a.ticket
	b := s.begin(event.Complaint, a)
	b = appendText(b, "kind", "complaint")
	b = appendText(b, "complaint_id", k.id)
	b = appendText(b, "status", status)
	b = appendText(b, "order_id", a.about.id)
	b = appendText(b, "channel", a.who.channel)
	b = appendText(b, "category", k.category)
	b = appendNumber(b, "severity", k.severity)
	if status != "opened" {
		b = appendTime(b, "first_response_at", k.answered)
	}
	if status == "resolved" {
		b = appendText(b, "resolution", k.redress)
	}
	return append(b, '}')
}

// renderRating writes a rating of an order; the last one is rated worse.
func (s *Shop) renderRating(a *act) []byte {
	scale := [...]int64{5, 5, 5, 5, 5, 4, 4, 4, 3, 2}
	n := s.random.IntN(len(scale))
	if a.about.last {
		n = max(n, s.random.IntN(len(scale)))
	}
	b := s.begin(event.Complaint, a)
	b = appendText(b, "kind", "rating")
	b = appendText(b, "order_id", a.about.id)
	b = appendNumber(b, "rating", scale[n])
	return append(b, '}')
}
