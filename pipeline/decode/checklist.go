package decode

import "github.com/holdfast/holdfast/pipeline/event"

// The checks of closed lists. The lists themselves are package event's.

func checkKind(d *JSON, dst *event.Event, t *token) flaw {
	kind, ok := event.ParseKind(d.text(t))
	switch {
	case !ok:
		return notListed
	case kind.TypeOf() != d.cfg.Type:
		return otherKind
	}
	dst.Kind = kind
	return fine
}

// checkStatus takes a status of an order or of a complaint, whichever the
// event's type has.
func checkStatus(d *JSON, dst *event.Event, t *token) flaw {
	status, ok := event.ParseStatus(d.text(t))
	if !ok || status.OfComplaint() != (d.cfg.Type == event.Complaint) {
		return notListed
	}
	dst.Status = status
	return fine
}

func checkClosureReason(d *JSON, dst *event.Event, t *token) flaw {
	reason, ok := event.ParseClosureReason(d.text(t))
	dst.Closure = reason
	return listed(ok)
}

func checkOutcome(d *JSON, dst *event.Event, t *token) flaw {
	outcome, ok := event.ParseOutcome(d.text(t))
	dst.Outcome = outcome
	return listed(ok)
}

func checkResolution(d *JSON, dst *event.Event, t *token) flaw {
	resolution, ok := event.ParseResolution(d.text(t))
	dst.Resolution = resolution
	return listed(ok)
}

func listed(ok bool) flaw {
	if !ok {
		return notListed
	}
	return fine
}

// checkChannel counts a channel that is not in the list among the others.
func checkChannel(d *JSON, dst *event.Event, t *token) flaw {
	text, f := d.short(t)
	if f != fine {
		return f
	}
	channel, ok := event.ParseChannel(text)
	if !ok {
		channel = event.ChannelOther
		dst.Has |= event.HasUnknownChannel
	}
	dst.Channel = channel
	return fine
}

// checkCategory counts a complaint's category that is not in the list among
// the others.
func checkCategory(d *JSON, dst *event.Event, t *token) flaw {
	text, f := d.short(t)
	if f != fine {
		return f
	}
	category, ok := event.ParseCategory(text)
	if !ok {
		category = event.CategoryOther
		dst.Has |= event.HasUnknownCategory
	}
	dst.Category = category
	return fine
}
