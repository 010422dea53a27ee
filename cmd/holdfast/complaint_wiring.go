package main

import (
	"fmt"
	"time"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/state"
)

// complaintHours are the hours in which the times of complaints run; nil where they
// run around the clock.
func complaintHours(cfg *config.Config) (*shard.Hours, error) {
	if cfg.Complaints.Hours == "" {
		return nil, nil
	}
	name := cfg.Complaints.Zone
	if name == "" {
		name = cfg.Time.BusinessZone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("load the zone of complaints.hours: %w", err)
	}
	week, err := config.ParseHours(cfg.Complaints.Hours)
	if err != nil {
		return nil, fmt.Errorf("read complaints.hours: %w", err)
	}
	var days [7][]shard.Opening
	for day := range week {
		for _, s := range week[day] {
			days[day] = append(days[day], shard.Opening{From: event.Instant(s.From.Microseconds()),
				To: event.Instant(s.To.Microseconds())})
		}
	}
	return shard.NewHours(shard.NewZone(zone), days), nil
}

// complaintKinds are the kinds as records have them.
func complaintKinds(names []string) (kinds state.ComplaintKinds) {
	for _, name := range names {
		switch name {
		case "complaint":
			kinds |= state.OfComplaint
		case "dispute":
			kinds |= state.OfDispute
		case "return_request":
			kinds |= state.OfReturnRequest
		}
	}
	return kinds
}
