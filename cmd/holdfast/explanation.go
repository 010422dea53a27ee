package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// explanation is what is known of a customer, at a day.
type explanation struct {
	CustomerID  string            `json:"customer_id"`
	Day         string            `json:"day"`
	Level       string            `json:"level"`
	Lifecycle   string            `json:"lifecycle_state"`
	Ladder      string            `json:"ladder_stage"`
	Facts       []string          `json:"facts"`
	PAlive      *float64          `json:"p_alive"`
	PReturn     *float64          `json:"p_return_horizon"`
	ChurnRisk   *float64          `json:"churn_risk"`
	ValueAtRisk *float64          `json:"value_at_risk"`
	Reasons     []explainedReason `json:"reasons"`
	Alerts      []explainedAlert  `json:"open_alerts"`
	Next        []string          `json:"next"`
	Model       string            `json:"model"`
	currency    string
	horizon     int32
}

// explainedReason is one reason with its share of the score.
type explainedReason struct {
	Code         string  `json:"code"`
	Contribution float64 `json:"contribution"` // log-odds
	Text         string  `json:"text"`
}

// explanationOf judges a row's statistics by the model at a day.
func explanationOf(row customerRow, parameters *score.Parameters, at string) (*explanation, error) {
	today := event.Day(row.AsOfDay)
	if at != "" {
		day, err := time.Parse(time.DateOnly, at)
		if err != nil {
			return nil, usage("--at %q is not a day; write YYYY-MM-DD", at)
		}
		today = event.Day(day.Unix() / 86400)
	}
	explained := &explanation{
		CustomerID: row.CustomerID, Level: row.Level, Lifecycle: row.Lifecycle, Ladder: row.Ladder,
		currency: row.Currency, horizon: parameters.HorizonDays,
		Model: fmt.Sprintf("MBG/NBD %s: r=%v alpha=%v a=%v b=%v (%s)", row.ParamVersion, parameters.Purchase.R,
			parameters.Purchase.Alpha, parameters.Purchase.A, parameters.Purchase.B, row.Sufficiency),
	}
	statistics := statisticsOf(row, parameters, today)
	if statistics.HasPurchase && today < statistics.LastDay {
		return nil, usage("--at %s is before the latest purchase day %s, and the row knows no earlier state", dayText(today),
			dayText(statistics.LastDay))
	}
	explained.Day = dayText(today)
	explained.facts(row, &statistics)
	if !statistics.HasPurchase {
		return explained, nil
	}
	explained.judge(row, parameters, &statistics)
	return explained, nil
}

// statisticsOf returns the statistics that the row holds. What only the state
// knows (the reasons of an older complaint, say) stands in the row's own
// figures and the alert's text.
func statisticsOf(row customerRow, parameters *score.Parameters, today event.Day) score.Statistics {
	minor := 1.0
	for range parameters.CurrencyExponent {
		minor *= 10
	}
	s := score.Statistics{
		Facts: score.Facts{
			Today: today, Now: event.Instant(today) * event.Day24h, X: row.Repeat, Visits30: row.Visits30,
			ComplaintsOpen: row.ComplaintsOpen, SLABreachedOpen: row.SLABreached == 1, Closed: row.Lifecycle == "closed",
		},
	}
	s.OrdersLife, s.PurchaseDaysLife = row.OrdersLife, row.PurchaseDays
	s.NetLife, s.Net365, s.Visits90 = int64(row.NetLife*minor), int64(row.Net365*minor), row.Visits90
	if row.FirstDay != nil && row.LastDay != nil {
		s.HasPurchase, s.FirstDay, s.LastDay = true, event.Day(*row.FirstDay), event.Day(*row.LastDay)
		s.LastDayStart = event.Instant(s.LastDay) * event.Day24h
	}
	if row.RatingLast != nil {
		s.RatingLast = *row.RatingLast
	}
	return s
}

func (e *explanation) facts(row customerRow, s *score.Statistics) {
	if s.HasPurchase {
		e.Facts = append(e.Facts, fmt.Sprintf("%s on %s, from %s to %s, %s in all, %s in the last 365 days",
			counted(row.OrdersLife, "order"), counted(row.PurchaseDays, "day"), dayText(s.FirstDay), dayText(s.LastDay),
			money(row.Currency, row.NetLife), money(row.Currency, row.Net365)))
		if row.Repeat > 0 {
			e.Facts = append(e.Facts, fmt.Sprintf("a purchase every %.0f days on average, the latest %d days ago",
				float64(s.LastDay-s.FirstDay)/float64(row.Repeat), s.RecencyDays()))
		} else {
			e.Facts = append(e.Facts, fmt.Sprintf("bought on one day only, %d days ago", s.RecencyDays()))
		}
	} else {
		e.Facts = append(e.Facts, "has not bought anything yet")
	}
	if row.RefundsWaiting != 0 {
		e.Facts = append(e.Facts, "refunds of "+money(row.Currency, row.RefundsWaiting)+
			" name an order that is not known; they are deducted from nothing")
	}
	e.Facts = append(e.Facts, fmt.Sprintf("%s in 30 days, %d in 90", counted(row.Visits30, "visit"), row.Visits90))
	if row.ComplaintsOpen > 0 && row.OldestOpenDays != nil {
		late := ""
		if row.SLABreached == 1 {
			late = ", past the time allowed"
		}
		e.Facts = append(e.Facts, fmt.Sprintf("%s open, the oldest for %s%s", counted(row.ComplaintsOpen, "complaint"),
			counted(ageAt(*row.OldestOpenDays, row.AsOfDay, s.Today), "day"), late))
	} else if row.Complaints90 > 0 {
		e.Facts = append(e.Facts, counted(row.Complaints90, "complaint")+" in 90 days, none open")
	}
	if row.RatingLast != nil {
		e.Facts = append(e.Facts, fmt.Sprintf("the latest rating is %d of 5", *row.RatingLast))
	}
}

// ageAt is an age of the row's day at another day, in business days.
func ageAt(age uint32, rowDay int32, today event.Day) uint32 {
	return uint32(max(0, int64(age)+int64(today)-int64(rowDay)))
}

// judge evaluates the model. At the row's own moment the row's figures stand,
// since they rest on all that the state knows.
func (e *explanation) judge(row customerRow, parameters *score.Parameters, s *score.Statistics) {
	var scores score.Scores
	parameters.Scores(s, &scores)
	e.PAlive, e.PReturn, e.ChurnRisk = &scores.PAlive, &scores.PReturn, &scores.ChurnRisk
	if s.Today == event.Day(row.AsOfDay) {
		e.PAlive, e.ChurnRisk, e.ValueAtRisk = row.PAlive, row.ChurnRisk, row.ValueAtRisk
	}
	for i := range scores.Reasons[:scores.ReasonCount] {
		reason := &scores.Reasons[i]
		e.Reasons = append(e.Reasons, explainedReason{reason.Code.String(), reason.Contribution, textOf(reason, row, s)})
	}
	crossings := parameters.Crossings(&s.Facts)
	for _, next := range []struct {
		day  event.Day
		text string
	}{
		{crossings.Watch, "watch"}, {crossings.AtRisk, "at risk"}, {crossings.Lost, "lost"},
	} {
		if next.day > s.Today && next.day < event.Day(1<<30) {
			e.Next = append(e.Next, fmt.Sprintf("without a purchase, P(alive) or silence says %q from %s on", next.text,
				dayText(next.day)))
		}
	}
}

// textOf is a reason's sentence. When a complaint had to be answered stands in the
// state and not in the row, so of a late one it tells what the row knows.
func textOf(reason *signal.Reason, row customerRow, s *score.Statistics) string {
	switch reason.Code {
	case signal.OpenComplaint, signal.ComplaintLate:
		if row.OldestOpenDays == nil {
			return "a complaint is open past the time allowed"
		}
		return fmt.Sprintf("a complaint is open past the time allowed; the oldest for %s",
			counted(ageAt(*row.OldestOpenDays, row.AsOfDay, s.Today), "day"))
	default:
		return reason.Text()
	}
}

// write says it in words.
func (e *explanation) write(w io.Writer) error {
	lines := []string{
		fmt.Sprintf("%s as of %s: level %s, %s, %s", e.CustomerID, e.Day, e.Level, e.Lifecycle, e.Ladder), "",
		"Facts",
	}
	lines = append(lines, indented(e.Facts)...)
	if e.PAlive != nil {
		lines = append(lines, "", "Score")
		text := fmt.Sprintf("still a customer with %.0f %%, buys within %d days with %.0f %%", *e.PAlive*100, e.horizon,
			*e.PReturn*100)
		if e.ChurnRisk != nil {
			text += fmt.Sprintf("; churn risk %.0f %%", *e.ChurnRisk*100)
		}
		if e.ValueAtRisk != nil {
			text += "; at stake " + money(e.currency, *e.ValueAtRisk)
		}
		lines = append(lines, "  "+text)
		for _, reason := range e.Reasons {
			lines = append(lines, fmt.Sprintf("  %+.2f %s: %s", reason.Contribution, reason.Code, reason.Text))
		}
		lines = append(lines, "  model "+e.Model)
	}
	lines = append(lines, "", "Open alerts")
	if len(e.Alerts) == 0 {
		lines = append(lines, "  none")
	}
	for _, alert := range e.Alerts {
		text := fmt.Sprintf("  %s (%s) since %s: %s", alert.Kind, alert.Level, alert.RaisedAt,
			strings.Join(alert.Reasons, "; "))
		if alert.Suppressed != "" {
			text += " — recorded, not delivered: " + alert.Suppressed
		}
		lines = append(lines, text)
	}
	if len(e.Next) > 0 {
		lines = append(append(lines, "", "Next"), indented(e.Next)...)
	}
	return writeLines(w, lines)
}

// counted words a number of things.
func counted(n uint32, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func indented(texts []string) []string {
	lines := make([]string, len(texts))
	for i, text := range texts {
		lines[i] = "  " + text
	}
	return lines
}
