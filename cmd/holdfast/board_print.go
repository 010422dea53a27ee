package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// newsTime is how moments of the shop are written.
const newsTime = "Mon 02 Jan 15:04"

// printTop writes the list: risk of no purchase to come, chance to be a customer
// still, value at stake, why.
func (b *board) printTop(w io.Writer, n int) {
	alerts := b.top(math.MaxInt)
	customers := len(alerts)
	if customers == 0 {
		fmt.Fprintln(w, "\nNobody is on the list.")
		return
	}
	alerts = alerts[:min(n, customers)]
	fmt.Fprintf(w, "\n%-26s %-9s %6s %6s %14s   %s\n", fmt.Sprintf("TOP %d OF %d CUSTOMERS", len(alerts), customers),
		"level", "risk", "alive", "at stake", "why")
	for _, alert := range alerts {
		fmt.Fprintf(w, "%-26s %-9s %6s %6s %14s   %s\n", alert.CustomerID, alert.Level, percent(alert.Score),
			percent(alert.PAlive), alert.stakeText(), alert.why())
	}
	if b.counts().critical == 0 {
		fmt.Fprintln(w, "(none is critical)")
	}
}

// percent words a probability, empty where there is none.
func percent(p *float64) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("%.0f %%", *p*100)
}

// stakeText is the value at risk in words, empty where there is none.
func (a *boardAlert) stakeText() string {
	if a.AtStake == nil {
		return ""
	}
	return a.Currency + " " + *a.AtStake
}

// why is the reasons in words.
func (a *boardAlert) why() string {
	var why []string
	for _, reason := range a.Reasons {
		why = append(why, reason.Text)
	}
	return strings.Join(why, " · ")
}

// mostNews is how many messages are written out at a time.
const mostNews = 6

// printNews writes what was told since it was last asked, a line each; where much
// comes at once, the rest as a number.
func (b *board) printNews(w io.Writer) {
	news := b.news()
	for i := range news[:min(mostNews, len(news))] {
		alert := &news[i]
		fmt.Fprintf(w, "%s  %-9s %-10s %12s  %s\n", alert.AsOf.UTC().Format(newsTime), alert.happened(), alert.CustomerID,
			alert.stakeText(), alert.newsText())
	}
	if more := len(news) - mostNews; more > 0 {
		fmt.Fprintf(w, "%16s  and %d more\n", "", more)
	}
}

// happened says in a word what a message tells.
func (a *boardAlert) happened() string {
	switch {
	case a.Action != "raised" && a.Action != "escalated":
		return a.Action
	case a.isNotice():
		return "good news"
	}
	return a.Level
}

// newsText says why.
func (a *boardAlert) newsText() string {
	kind := strings.ReplaceAll(a.Kind, "_", " ")
	switch {
	case a.Action == "resolved":
		return kind + ": " + strings.ReplaceAll(a.ResolveReason, "_", " ")
	case len(a.Reasons) > 0:
		return a.Reasons[0].Text
	}
	return kind
}
