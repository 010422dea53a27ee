package fit

import "math"

// Group merges points with the same history, so that the likelihood costs one
// evaluation per distinct one. With weekly true it merges all that share x, the
// week of the age and the week of the silence, and keeps the exact means.
func Group(points []Point, weekly bool) []Point {
	grain := func(v float64) float64 {
		if weekly {
			return math.Floor(v)
		}
		return v
	}
	type key struct {
		x          int
		age, quiet float64
	}
	index := make(map[key]int, len(points))
	var merged []Point
	for _, p := range points {
		k := key{p.X, grain(p.T), grain(p.T - p.TX)}
		if !weekly {
			k.quiet = p.TX
		}
		i, seen := index[k]
		if !seen {
			index[k] = len(merged)
			merged = append(merged, p)
			continue
		}
		m := &merged[i]
		n := m.Count + p.Count
		m.T += (p.T - m.T) * p.Count / n
		m.TX += (p.TX - m.TX) * p.Count / n
		m.LogGaps += (p.LogGaps - m.LogGaps) * p.Count / n
		m.Count = n
	}
	sortPoints(merged)
	return merged
}
