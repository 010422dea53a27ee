package decode

import "github.com/holdfast/holdfast/pipeline/event"

// The checks of instants, amounts, numbers and free texts.

func checkNothing(*JSON, *event.Event, *token) flaw { return fine }

func checkTest(d *JSON, dst *event.Event, t *token) flaw {
	if t.kind == tokenTrue {
		d.isTest = true
		dst.Has |= event.HasTest
	}
	return fine
}

func checkOccurredAt(d *JSON, dst *event.Event, t *token) flaw {
	at, ok := d.readInstant(t)
	switch {
	case !ok:
		return instantForm
	case at < d.cfg.MinEventTime:
		return instantEarly
	case at > d.timestamp+d.cfg.MaxFuture:
		return instantFuture
	}
	dst.OccurredAt = at
	return fine
}

// readInstant reads an instant in the forms of the mapping.
func (d *JSON) readInstant(t *token) (event.Instant, bool) {
	if d.times != nil {
		return d.times.parse(&d.dates, d.text(t))
	}
	return d.dates.instant(d.text(t))
}

func (d *JSON) instant(t *token) (event.Instant, flaw) {
	at, ok := d.readInstant(t)
	switch {
	case !ok:
		return 0, instantForm
	case at < firstInstant || at >= endOfInstant:
		return 0, instantRange
	}
	return at, fine
}

func checkInstant(d *JSON, _ *event.Event, t *token) flaw {
	_, f := d.instant(t)
	return f
}

func checkFirstResponseAt(d *JSON, dst *event.Event, t *token) (f flaw) {
	dst.FirstResponseAt, f = d.instant(t)
	return f
}

func checkSLADueAt(d *JSON, dst *event.Event, t *token) (f flaw) {
	dst.SLADueAt, f = d.instant(t)
	return f
}

func checkCurrency(d *JSON, dst *event.Event, t *token) flaw {
	text := d.text(t)
	if len(text) != 3 {
		return currencyForm
	}
	for i, c := range text {
		if c < 'A' || c > 'Z' {
			return currencyForm
		}
		dst.Currency[i] = c
	}
	return fine
}

// positive reads an amount that may not be negative.
func (d *JSON) positive(dst *event.Event, t *token) (int64, flaw) {
	n, f := d.amount(t, dst.Currency)
	if f == fine && n < 0 {
		f = amountNegative
	}
	return n, f
}

func checkAmount(d *JSON, dst *event.Event, t *token) flaw {
	_, f := d.positive(dst, t)
	return f
}

func checkAmountNet(d *JSON, dst *event.Event, t *token) flaw {
	n, f := d.amount(t, dst.Currency)
	if f == fine && n < 0 {
		if !d.cfg.Mapping.NegativeRefunds || !takesBack(dst.Kind) {
			return amountNegative
		}
		n = -n
	}
	dst.AmountNet = n
	dst.Has |= event.HasAmountNet
	return f
}

// takesBack says whether money of this kind flows to the customer, which some
// sources write with a sign.
func takesBack(k event.Kind) bool {
	return k == event.Refund || k == event.Cancel || k == event.Adjustment
}

func checkAmountDiscount(d *JSON, dst *event.Event, t *token) (f flaw) {
	dst.AmountDiscount, f = d.positive(dst, t)
	dst.Has |= event.HasAmountDiscount
	return f
}

func checkListAmount(d *JSON, dst *event.Event, t *token) (f flaw) {
	dst.ListAmount, f = d.positive(dst, t)
	dst.Has |= event.HasListAmount
	return f
}

func checkMargin(d *JSON, dst *event.Event, t *token) (f flaw) {
	dst.Margin, f = d.amount(t, dst.Currency)
	dst.Has |= event.HasMargin
	if f == amountRange {
		f = marginRange
	}
	return f
}

func checkPoints(_ *JSON, _ *event.Event, t *token) flaw {
	n, f := integerAmount(t)
	if f == fine && n < 0 {
		f = amountNegative
	}
	return f
}

// within reads an integer of a closed range.
func within(t *token, low, high int64) (int64, flaw) {
	if t.kind != tokenInteger || t.number < low || t.number > high {
		return 0, numberRange
	}
	return t.number, fine
}

func checkRating(_ *JSON, dst *event.Event, t *token) flaw {
	n, f := within(t, 1, 5)
	dst.Rating = uint8(n)
	return f
}

func checkCSI(_ *JSON, _ *event.Event, t *token) flaw {
	_, f := within(t, 0, 100)
	return f
}

func checkNPS(_ *JSON, _ *event.Event, t *token) flaw {
	_, f := within(t, 0, 10)
	return f
}

func checkSeverity(_ *JSON, dst *event.Event, t *token) flaw {
	n, f := within(t, 1, 5)
	dst.Severity = uint8(n)
	return f
}

func checkDuration(_ *JSON, _ *event.Event, t *token) flaw {
	_, f := within(t, 0, 10_000_000)
	return f
}

func checkPages(_ *JSON, dst *event.Event, t *token) flaw {
	n, f := within(t, 0, 1_000_000)
	dst.Pages = uint32(n)
	return f
}

func (d *JSON) short(t *token) ([]byte, flaw) {
	text := d.text(t)
	if len(text) > maxTextBytes {
		return nil, textLength
	}
	return text, fine
}

func checkText(d *JSON, _ *event.Event, t *token) flaw {
	_, f := d.short(t)
	return f
}

func checkSegment(d *JSON, dst *event.Event, t *token) (f flaw) {
	dst.Segment, f = d.short(t)
	return f
}

func checkCouponCode(d *JSON, dst *event.Event, t *token) flaw {
	text, f := d.short(t)
	if len(text) > 0 {
		dst.Has |= event.HasDiscountCoupon
	}
	return f
}

func checkReferralConverted(_ *JSON, dst *event.Event, t *token) flaw {
	if t.kind == tokenTrue {
		dst.Has |= event.HasReferralConverted
	}
	return fine
}

func checkConsent(d *JSON, dst *event.Event, _ *token) flaw {
	if d.consent != tokenNull {
		dst.Has |= event.HasConsent
	}
	if d.consent == tokenTrue {
		dst.Has |= event.HasConsentMarketing
	}
	return fine
}

func checkLines(d *JSON, _ *event.Event, _ *token) flaw { return d.linesFlaw }

func checkMergeFrom(d *JSON, dst *event.Event, t *token) flaw {
	if dst.Kind == event.IdentityMerge && d.bytesHoldNothing(t) {
		return mergeIDs
	}
	return d.mergeFlaw
}
