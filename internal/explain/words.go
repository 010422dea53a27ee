package explain

import (
	"fmt"
	"math"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
)

// clockOf writes moments of a business time zone.
type clockOf struct{ zone *time.Location }

// zoneNamed finds a zone; UTC where the host does not know it.
func zoneNamed(name string) clockOf {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" {
		zone = time.UTC
	}
	return clockOf{zone}
}

// text is a moment in words: the day alone where the day begins.
func (c clockOf) text(at event.Instant) string {
	local := time.UnixMicro(int64(at)).In(c.zone)
	if local.Hour() == 0 && local.Minute() == 0 && local.Second() == 0 {
		return local.Format(time.DateOnly)
	}
	return local.Format("2006-01-02 15:04")
}

// textOf is text of a moment that was written as data; what is none is left as it is.
func (c clockOf) textOf(stamp string) string {
	at, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return stamp
	}
	return c.text(event.Instant(at.UnixMicro()))
}

// stamp is a moment as data; empty where there is none.
func stamp(at event.Instant) string {
	if at == 0 || at == policy.Never {
		return ""
	}
	return time.UnixMicro(int64(at)).UTC().Format(time.RFC3339)
}

// Day writes a day counted from 1970.
func Day(day event.Day) string {
	return time.Unix(int64(day)*86400, 0).UTC().Format(time.DateOnly)
}

// Money words an amount in major units.
func Money(currency string, amount float64) string { return fmt.Sprintf("%s %.2f", currency, amount) }

// Counted words a number of things.
func Counted[N uint32 | int32 | int](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Rhythm words how often somebody buys who has bought again so many times over so many
// days, the latest some days ago. Of one gap there is no average.
func Rhythm(repeats uint32, spanDays, recencyDays int32) string {
	latest := "the latest " + Counted(recencyDays, "day") + " ago"
	if recencyDays == 0 {
		latest = "the latest today"
	}
	switch every := int(math.Round(float64(spanDays) / float64(max(repeats, 1)))); {
	case repeats == 0:
		return "bought on one day only, " + Counted(recencyDays, "day") + " ago"
	case repeats == 1:
		return fmt.Sprintf("bought on two days, %s apart, %s", Counted(spanDays, "day"), latest)
	case every <= 1:
		return "a purchase every day on average, " + latest
	default:
		return fmt.Sprintf("a purchase every %d days on average, %s", every, latest)
	}
}

// suppressionWords say why an alert is recorded and not delivered, by its published reason.
var suppressionWords = map[string]string{
	"replay":            "it began longer ago than alerts.max_event_age when it was counted",
	"insufficient_data": "the model rests on too little data",
	"opted_out":         "the customer has opted out of marketing",
	"do_not_retain":     "the customer is not to be kept",
	"natural":           "the account was closed for a reason that no offer undoes",
	"stranger":          "the customer is not known well enough",
	"one_time_buyer":    "the customer has bought on one day only",
	"holdout":           "the customer is in the holdout arm, which is left alone to measure what alerts do",
}

// Suppressed words why an alert is not delivered.
func Suppressed(reason string) string {
	if words := suppressionWords[reason]; words != "" {
		return reason + ": " + words
	}
	return reason
}
