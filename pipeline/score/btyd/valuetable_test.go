package btyd

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// TestValueTable holds a table against the exact forms, over models from all of
// the domain and histories within and beyond the table.
func TestValueTable(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	models := []struct {
		m     MBGNBD
		bound float64
	}{
		{cdnow, 5e-8}, {MBGNBD{1, .5, 1, 2}, 5e-8}, {MBGNBD{2, 60, .5, 9}, 5e-8}, {MBGNBD{.01, 1, .02, 5}, 5e-8},
		{MBGNBD{1, 5, 1, 2}, 5e-8}, {MBGNBD{5, 1000, 3, .1}, 5e-8}, {MBGNBD{100, .1, 50, .01}, 1e-6},
		{MBGNBD{.1, 5, 10, 100}, 1e-6},
	}
	for range 12 {
		draw := func(low, high float64) float64 { return math.Exp(math.Log(low) + random.Float64()*math.Log(high/low)) }
		models = append(models, struct {
			m     MBGNBD
			bound float64
		}{MBGNBD{draw(.05, 20), draw(.2, 300), draw(.05, 20), draw(.05, 50)}, 1e-6})
	}
	for _, c := range models {
		table, err := c.m.NewValueTable(90./7, 52, .15)
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			h := History{X: int(math.Exp(random.Float64()*6)) - 1, T: random.Float64() * random.Float64() * 2500}
			h.TX = h.T * random.Float64()
			f := c.m.future(h)
			short, discounted := table.Living(h)
			for name, v := range map[string][2]float64{"short": {short, f.expected(90. / 7)},
				"discounted": {discounted, f.discounted(52, .15)}} {
				if off := math.Abs(v[0]/v[1] - 1); !(off <= c.bound) {
					t.Fatalf("%+v, x %d, T %.1f: %s %g, want %g: off by %.1e, want at most %.0e", c.m, h.X, h.T, name, v[0], v[1], off,
						c.bound)
				}
			}
		}
	}
}

// TestValueTableRefuses says which argument lies outside its domain.
func TestValueTableRefuses(t *testing.T) {
	for name, make := range map[string]func() error{
		"a model":         func() error { _, err := MBGNBD{}.NewValueTable(4, 52, .15); return err },
		"a short horizon": func() error { _, err := cdnow.NewValueTable(-1, 52, .15); return err },
		"a long horizon":  func() error { _, err := cdnow.NewValueTable(4, -1, .15); return err },
		"a rate":          func() error { _, err := cdnow.NewValueTable(4, 52, -1); return err },
	} {
		var domain *DomainError
		if err := make(); !errors.As(err, &domain) {
			t.Errorf("%s outside its domain: %v", name, err)
		}
	}
}

func BenchmarkValueTable(b *testing.B) {
	table, err := cdnow.NewValueTable(90./7, 52, .15)
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, func(h History) float64 { short, discounted := table.Living(h); return short + discounted })
}

func BenchmarkNewValueTable(b *testing.B) {
	for b.Loop() {
		if _, err := cdnow.NewValueTable(90./7, 52, .15); err != nil {
			b.Fatal(err)
		}
	}
}
