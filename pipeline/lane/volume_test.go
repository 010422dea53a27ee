package lane

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
)

// TestVisitsThatDropInPart: 60 % lost for ten days are seen, and over when they are
// back; weekends are no drop in a year.
func TestVisitsThatDropInPart(t *testing.T) {
	v, doubt := volume{}, event.Instant(0)
	day := func(n int64, visits int) {
		if n%7 >= 5 {
			visits /= 3
		}
		for i := range visits {
			doubt = max(doubt, v.count(event.Instant(n)*event.Day24h+event.Day24h*event.Instant(i)/event.Instant(visits)))
		}
	}
	for n := int64(20_000); n < 20_365; n++ {
		if day(n, 300); v.Since != 0 {
			t.Fatalf("a drop on day %d of steady weeks", n)
		}
	}
	for n := int64(20_365); n < 20_375; n++ {
		if day(n, 120); n > 20_368 && v.Since == 0 {
			t.Fatalf("none on day %d, with 60 %% lost", n)
		}
	}
	for n := int64(20_375); n < 20_380; n++ {
		day(n, 300)
	}
	if v.Since != 0 || doubt < 20_383*event.Day24h {
		t.Errorf("a drop from %d on, doubt up to %d", v.Since, doubt/event.Day24h)
	}
}
