package decode

import "github.com/holdfast/holdfast/pipeline/event"

// The checks of ids. Each judges one field and stores what the shard needs.

// idText gives the text of an id of at most limit bytes.
func (d *JSON) idText(t *token, limit int, long flaw) ([]byte, flaw) {
	id := d.text(t)
	switch {
	case len(id) == 0 || len(id) > limit:
		return nil, long
	case hasControl(id):
		return nil, idControl
	}
	return id, fine
}

func (d *JSON) id(t *token) ([]byte, flaw) { return d.idText(t, 128, idLength128) }

func checkID(d *JSON, _ *event.Event, t *token) flaw {
	_, f := d.id(t)
	return f
}

func checkID64(d *JSON, _ *event.Event, t *token) flaw {
	_, f := d.idText(t, 64, idLength64)
	return f
}

func checkEventID(d *JSON, dst *event.Event, t *token) flaw {
	id, f := d.idText(t, 64, idLength64)
	if f == fine {
		dst.EventID, dst.EventHash = id, event.HashID(id)
	}
	return f
}

func checkCustomerID(d *JSON, dst *event.Event, t *token) flaw {
	id, f := d.id(t)
	if f == fine && len(d.key) > maxKeyBytes {
		f = keyLength
	}
	if f == fine {
		dst.CustomerID, dst.CustomerHash = id, event.HashID(id)
	}
	return f
}

func checkAnonymousID(d *JSON, dst *event.Event, t *token) flaw {
	id, f := d.id(t)
	if f == fine && len(d.key) > maxKeyBytes {
		f = keyLength
	}
	dst.AnonymousID = id
	return f
}

func checkOrderID(d *JSON, dst *event.Event, t *token) flaw {
	id, f := d.id(t)
	if f == fine {
		dst.OrderHash = event.HashID(id)
	}
	return f
}

func checkRefOrderID(d *JSON, dst *event.Event, t *token) flaw {
	id, f := d.id(t)
	if f == fine {
		dst.RefOrderHash = event.HashID(id)
	}
	return f
}

func checkComplaintID(d *JSON, dst *event.Event, t *token) flaw {
	id, f := d.id(t)
	if f == fine {
		dst.ComplaintHash = event.HashID(id)
	}
	return f
}

func checkReferrerID(d *JSON, dst *event.Event, t *token) flaw {
	dst.Has |= event.HasReferrer
	return checkID(d, dst, t)
}
