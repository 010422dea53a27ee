package decode

import "github.com/holdfast/holdfast/pipeline/event"

// The checks of ids. Each judges one field and stores what the shard needs.

// idText gives the text of an id of at most limit bytes.
func (f *Fields) idText(v *Value, limit int, long flaw) ([]byte, flaw) {
	id := f.text(v)
	switch {
	case len(id) == 0 || len(id) > limit:
		return nil, long
	case hasControl(id):
		return nil, idControl
	}
	return id, fine
}

func (f *Fields) id(v *Value) ([]byte, flaw) { return f.idText(v, 128, idLength128) }

func checkID(f *Fields, _ *event.Event, v *Value) flaw {
	_, wrong := f.id(v)
	return wrong
}

func checkID64(f *Fields, _ *event.Event, v *Value) flaw {
	_, wrong := f.idText(v, 64, idLength64)
	return wrong
}

func checkEventID(f *Fields, dst *event.Event, v *Value) flaw {
	id, wrong := f.idText(v, 64, idLength64)
	if wrong == fine {
		dst.EventID, dst.EventHash = id, event.HashID(id)
	}
	return wrong
}

func checkCustomerID(f *Fields, dst *event.Event, v *Value) flaw {
	id, wrong := f.id(v)
	if wrong == fine && len(f.key) > maxKeyBytes {
		wrong = keyLength
	}
	if wrong == fine {
		dst.CustomerID, dst.CustomerHash = id, event.HashID(id)
	}
	return wrong
}

func checkAnonymousID(f *Fields, dst *event.Event, v *Value) flaw {
	id, wrong := f.id(v)
	if wrong == fine && len(f.key) > maxKeyBytes {
		wrong = keyLength
	}
	dst.AnonymousID = id
	return wrong
}

// hash sets the hash of an id.
func (f *Fields) hash(v *Value, to *uint64) flaw {
	id, wrong := f.id(v)
	if wrong == fine {
		*to = event.HashID(id)
	}
	return wrong
}

// checkOrderID keeps the text where it is that of a complaint's order, which alerts
// tell of.
func checkOrderID(f *Fields, dst *event.Event, v *Value) flaw {
	id, wrong := f.id(v)
	if wrong != fine {
		return wrong
	}
	if dst.OrderHash = event.HashID(id); dst.Type == event.Complaint {
		dst.OrderID = id
	}
	return fine
}

func checkRefOrderID(f *Fields, dst *event.Event, v *Value) flaw { return f.hash(v, &dst.RefOrderHash) }

func checkComplaintID(f *Fields, dst *event.Event, v *Value) flaw {
	id, wrong := f.id(v)
	if wrong == fine {
		dst.ComplaintID, dst.ComplaintHash = id, event.HashID(id)
	}
	return wrong
}

func checkReferrerID(f *Fields, dst *event.Event, v *Value) flaw {
	id, wrong := f.id(v)
	dst.Has |= event.HasReferrer
	dst.ReferrerID = id
	return wrong
}
