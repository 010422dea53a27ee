package explain

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/holdfast/holdfast/internal/textfile"
)

// Write says it in words. What came from elsewhere is made printable.
func (d *Document) Write(w io.Writer) error {
	p := &page{clock: zoneNamed(d.TimeZone)}
	p.line("%s as of %s (%s): level %s, %s, %s", d.CustomerID, p.clock.textOf(d.AsOf), d.TimeZone, d.Level, d.Lifecycle,
		d.Ladder)
	if d.Note != "" {
		p.line("(%s)", d.Note)
	}
	p.part("Facts", d.Facts)
	if d.Score != nil {
		p.score(d.Score)
	}
	p.part("Model", []string{d.Model.Text})
	p.alerts(d.Alerts)
	p.part("Why no alert about silence is open", d.NoAlert)
	p.part("Silence is held", d.Held)
	next := make([]string, len(d.Next))
	for i := range d.Next {
		next[i] = d.Next[i].Text
	}
	p.part("Next", next)
	_, err := io.WriteString(w, p.text.String())
	return err
}

// page is a text as it grows.
type page struct {
	text  strings.Builder
	clock clockOf
}

func (p *page) line(format string, values ...any) {
	for i, v := range values {
		if text, ok := v.(string); ok {
			values[i] = textfile.Printed(text)
		}
	}
	fmt.Fprintf(&p.text, format+"\n", values...)
}

// part writes a heading and its lines; nothing where there are none.
func (p *page) part(heading string, lines []string) {
	if len(lines) == 0 || len(lines) == 1 && lines[0] == "" {
		return
	}
	p.line("")
	p.line("%s", heading)
	for _, text := range lines {
		p.line("  %s", text)
	}
}

func (p *page) score(s *Score) {
	var parts []string
	bySeen, byPurchases := "", "" // where the two are of different days
	if s.PAliveBasis == basisActivity {
		bySeen, byPurchases = " by the days with a purchase or a visit", " by purchases alone"
	}
	if s.PAlive != nil {
		parts = append(parts, fmt.Sprintf("still a customer with %.0f %%", *s.PAlive*100)+bySeen)
	}
	if s.PReturn != nil {
		parts = append(parts, fmt.Sprintf("buys within %d days with %.0f %%", s.HorizonDays, *s.PReturn*100)+byPurchases)
	}
	if s.ValueAtRisk != nil {
		parts = append(parts, "at stake "+Money(s.Currency, *s.ValueAtRisk))
	}
	p.part("Score", []string{strings.Join(parts, "; ")})
	if s.ChurnRisk != nil {
		p.line("  churn risk %.0f %%", math.Round(*s.ChurnRisk*100))
	}
	if s.Certain != "" {
		p.line("    %s", s.Certain)
	}
	p.contributions(s.Contributions)
	if len(s.Contributions) == 0 && len(s.ReasonCodes) > 0 {
		p.line("  reasons: %s", strings.Join(s.ReasonCodes, ", "))
	}
}

// contributions is the table of what the risk is made of. Points are whole, and add up
// to the whole points of the risk.
func (p *page) contributions(all []Contribution) {
	if len(all) == 0 {
		return
	}
	p.line("    points  log-odds")
	points, odds, told := 0., 0., 0.
	for _, c := range all {
		points, odds = points+c.Points, odds+c.LogOdds
		whole := math.Round(points)
		p.line("    %+6.0f  %+8.2f  %s", whole-told, c.LogOdds, named(c))
		told = whole
	}
	p.line("    %6.0f  %+8.2f  together", told, odds)
}

// named is a contribution with its name.
func named(c Contribution) string {
	switch {
	case c.Part == "base":
		return "base: " + c.Text
	case c.Part == "silence":
		return "silence: " + c.Text
	case c.Code != "":
		return c.Code + ": " + c.Text
	}
	return c.Text
}

func (p *page) alerts(all []Alert) {
	p.line("")
	p.line("Alerts")
	if len(all) == 0 {
		p.line("  none open, none that ended lately")
	}
	for i := range all {
		a := &all[i]
		about := ""
		if a.Complaint != "" {
			about = " about complaint " + a.Complaint
		}
		p.line("  %s%s (%s) since %s: %s", a.Kind, about, a.Level, p.clock.textOf(a.RaisedAt), a.State)
		for _, reason := range a.Reasons {
			p.line("    %s", reason)
		}
	}
}
