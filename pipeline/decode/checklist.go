package decode

import "github.com/holdfast/holdfast/pipeline/event"

// The checks of closed lists. The lists themselves are package event's.

func checkKind(f *Fields, dst *event.Event, v *Value) flaw {
	kind, ok := event.ParseKind(f.text(v))
	switch {
	case !ok:
		return notListed
	case kind.TypeOf() != f.rules.cfg.Type:
		return otherKind
	}
	dst.Kind = kind
	return fine
}

// checkStatus takes a status of an order or of a complaint, whichever the
// event's type has.
func checkStatus(f *Fields, dst *event.Event, v *Value) flaw {
	status, ok := event.ParseStatus(f.text(v))
	if !ok || status.OfComplaint() != (f.rules.cfg.Type == event.Complaint) {
		return notListed
	}
	dst.Status = status
	return fine
}

func checkClosureReason(f *Fields, dst *event.Event, v *Value) flaw {
	reason, ok := event.ParseClosureReason(f.text(v))
	dst.Closure = reason
	return listed(ok)
}

func checkOutcome(f *Fields, dst *event.Event, v *Value) flaw {
	outcome, ok := event.ParseOutcome(f.text(v))
	dst.Outcome = outcome
	return listed(ok)
}

func checkResolution(f *Fields, dst *event.Event, v *Value) flaw {
	resolution, ok := event.ParseResolution(f.text(v))
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
func checkChannel(f *Fields, dst *event.Event, v *Value) flaw {
	text, wrong := f.short(v)
	if wrong != fine {
		return wrong
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
func checkCategory(f *Fields, dst *event.Event, v *Value) flaw {
	text, wrong := f.short(v)
	if wrong != fine {
		return wrong
	}
	category, ok := event.ParseCategory(text)
	if !ok {
		category = event.CategoryOther
		dst.Has |= event.HasUnknownCategory
	}
	dst.Category = category
	return fine
}
