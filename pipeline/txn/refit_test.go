package txn

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/population/parameters"
)

func TestAFitIsDue(t *testing.T) {
	champion := &parameters.Record{Customers: 1000, Through: 700}
	for name, c := range map[string]struct {
		champion *parameters.Record
		tried    attempt
		now      attempt
		settled  bool
		want     bool
	}{
		"the first":                        {nil, attempt{}, attempt{600, 500}, false, true},
		"nothing new":                      {nil, attempt{600, 500}, attempt{600, 540}, true, false},
		"another day":                      {nil, attempt{600, 500}, attempt{601, 500}, true, true},
		"a tenth more customers":           {nil, attempt{600, 500}, attempt{600, 551}, false, true},
		"a new life finds what was fitted": {champion, attempt{}, attempt{706, 9000}, true, false},
		"a new life after a week":          {champion, attempt{}, attempt{707, 9000}, true, true},
		"six days":                         {champion, attempt{700, 1000}, attempt{706, 1099}, true, false},
		"seven days":                       {champion, attempt{700, 1000}, attempt{707, 1000}, true, true},
		"seven days, more on its way":      {champion, attempt{700, 1000}, attempt{707, 1900}, false, false},
		"rejected two days ago":            {champion, attempt{705, 1000}, attempt{707, 1000}, true, false},
		"grown by a tenth":                 {champion, attempt{700, 1000}, attempt{701, 1101}, true, true},
		"grown, and tried":                 {champion, attempt{700, 1101}, attempt{701, 1102}, true, false},
		"doubled, more on its way":         {champion, attempt{700, 1000}, attempt{701, 2001}, false, true},
		"prospects count as customers":     {champion, attempt{700, 5000}, attempt{701, 5001}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := refitter{tried: c.tried}
			if got := f.due(c.champion, c.now, c.settled); got != c.want {
				t.Errorf("due %v, want %v", got, c.want)
			}
		})
	}
}
