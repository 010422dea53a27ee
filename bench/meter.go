package main

import "time"

// meter takes the time and the CPU of what lies between begin and end, and the
// longest gap between marks.
type meter struct {
	result
	began    time.Time
	beganCPU float64
	marked   time.Time
}

func (m *meter) begin() {
	m.began, m.beganCPU = time.Now(), cpuSeconds()
	m.marked = time.Time{}
}

func (m *meter) end() {
	m.Seconds, m.CPU = time.Since(m.began).Seconds(), cpuSeconds()-m.beganCPU
}

// mark notes that a batch has been applied.
func (m *meter) mark(at time.Time) {
	if !m.marked.IsZero() {
		m.LongestGap = max(m.LongestGap, at.Sub(m.marked).Seconds())
	}
	m.marked = at
}
