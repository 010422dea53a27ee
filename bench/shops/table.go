package main

import (
	"fmt"
	"math"
)

func (l line) String() string {
	return fmt.Sprintf("%s: %d left, %.0f years; %.3f wrong a year (%.3f–%.3f); %.0f d to detect, %.0f d by the rule: "+
		"%.2f (%.2f–%.2f); %d delivered; %d wrong by the outage", l.name, l.left, l.living, l.falseRate, l.falseLow,
		l.falseHigh, l.delay, l.rule, l.ratio, l.ratioLow, l.ratioHigh, l.delivered, l.inOutage)
}

// print prints the table as Markdown.
func print(table []line) {
	fmt.Println("| shop | departures | customer-years | wrong alerts a customer-year (95 %) | median days to detect | " +
		"days of the fixed rule | ratio (95 %) | delivered |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, l := range table {
		fmt.Printf("| %s | %d | %.0f | %.3f (%.3f–%.3f) | %s | %.0f | %s (%s–%s) | %d |\n", l.name, l.left, l.living,
			l.falseRate, l.falseLow, l.falseHigh, number(l.delay, 0), l.rule, number(l.ratio, 2), number(l.ratioLow, 2),
			number(l.ratioHigh, 2), l.delivered)
	}
}

// number writes a figure; "never" where more than half were not detected.
func number(v float64, places int) string {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return "never"
	}
	return fmt.Sprintf("%.*f", places, v)
}
