package decode

import "github.com/holdfast/holdfast/pipeline/event"

// The checks of instants, amounts, numbers and free texts.

func checkNothing(*Fields, *event.Event, *Value) flaw { return fine }

func checkTest(f *Fields, dst *event.Event, v *Value) flaw {
	if v.Number != 0 {
		dst.Has |= event.HasTest
	}
	return fine
}

func checkOccurredAt(f *Fields, dst *event.Event, v *Value) flaw {
	at, ok := f.readInstant(v)
	switch {
	case !ok:
		return instantForm
	case at < f.rules.cfg.MinEventTime:
		return instantEarly
	case at > f.timestamp+f.rules.cfg.MaxFuture:
		return instantFuture
	}
	dst.OccurredAt = at
	return fine
}

// readInstant reads an instant: as it is, or in the forms of the mapping.
func (f *Fields) readInstant(v *Value) (event.Instant, bool) {
	switch {
	case v.Form == FormInstant:
		return event.Instant(v.Number), true
	case f.rules.times != nil:
		return f.rules.times.parse(&f.dates, f.written(v))
	}
	return f.dates.instant(f.text(v))
}

func (f *Fields) instant(v *Value) (event.Instant, flaw) {
	at, ok := f.readInstant(v)
	switch {
	case !ok:
		return 0, instantForm
	case at < firstInstant || at >= endOfInstant:
		return 0, instantRange
	}
	return at, fine
}

func checkInstant(f *Fields, _ *event.Event, v *Value) flaw {
	_, wrong := f.instant(v)
	return wrong
}

func checkFirstResponseAt(f *Fields, dst *event.Event, v *Value) (wrong flaw) {
	dst.FirstResponseAt, wrong = f.instant(v)
	return wrong
}

func checkSLADueAt(f *Fields, dst *event.Event, v *Value) (wrong flaw) {
	dst.SLADueAt, wrong = f.instant(v)
	return wrong
}

func checkCurrency(f *Fields, dst *event.Event, v *Value) flaw {
	text := f.text(v)
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
func (f *Fields) positive(dst *event.Event, v *Value) (int64, flaw) {
	n, wrong := f.amount(v, dst.Currency)
	if wrong == fine && n < 0 {
		wrong = amountNegative
	}
	return n, wrong
}

func checkAmount(f *Fields, dst *event.Event, v *Value) flaw {
	_, wrong := f.positive(dst, v)
	return wrong
}

func checkAmountNet(f *Fields, dst *event.Event, v *Value) flaw {
	n, wrong := f.amount(v, dst.Currency)
	if wrong == fine && n < 0 {
		if !f.rules.cfg.Mapping.NegativeRefunds || !takesBack(dst.Kind) {
			return amountNegative
		}
		n = -n
	}
	dst.AmountNet = n
	dst.Has |= event.HasAmountNet
	return wrong
}

// takesBack reports whether money of this kind flows to the customer, which some
// sources write with a sign.
func takesBack(k event.Kind) bool {
	return k == event.Refund || k == event.Cancel || k == event.Adjustment
}

func checkAmountDiscount(f *Fields, dst *event.Event, v *Value) (wrong flaw) {
	dst.AmountDiscount, wrong = f.positive(dst, v)
	dst.Has |= event.HasAmountDiscount
	return wrong
}

func checkListAmount(f *Fields, dst *event.Event, v *Value) (wrong flaw) {
	dst.ListAmount, wrong = f.positive(dst, v)
	dst.Has |= event.HasListAmount
	return wrong
}

func checkMargin(f *Fields, dst *event.Event, v *Value) (wrong flaw) {
	dst.Margin, wrong = f.amount(v, dst.Currency)
	dst.Has |= event.HasMargin
	if wrong == amountRange {
		wrong = marginRange
	}
	return wrong
}

func checkPoints(_ *Fields, _ *event.Event, v *Value) flaw {
	n, wrong := integerAmount(v)
	if wrong == fine && n < 0 {
		wrong = amountNegative
	}
	return wrong
}

// within reads an integer of a closed range.
func within(v *Value, low, high int64) (int64, flaw) {
	if v.Form != FormInteger || v.Number < low || v.Number > high {
		return 0, numberRange
	}
	return v.Number, fine
}

func checkRating(_ *Fields, dst *event.Event, v *Value) flaw {
	n, wrong := within(v, 1, 5)
	dst.Rating = uint8(n)
	return wrong
}

func checkCSI(_ *Fields, _ *event.Event, v *Value) flaw {
	_, wrong := within(v, 0, 100)
	return wrong
}

func checkNPS(_ *Fields, _ *event.Event, v *Value) flaw {
	_, wrong := within(v, 0, 10)
	return wrong
}

func checkSeverity(_ *Fields, dst *event.Event, v *Value) flaw {
	n, wrong := within(v, 1, 5)
	dst.Severity = uint8(n)
	return wrong
}

func checkDuration(_ *Fields, _ *event.Event, v *Value) flaw {
	_, wrong := within(v, 0, 10_000_000)
	return wrong
}

func checkPages(_ *Fields, dst *event.Event, v *Value) flaw {
	n, wrong := within(v, 0, 1_000_000)
	dst.Pages = uint32(n)
	return wrong
}

func (f *Fields) short(v *Value) ([]byte, flaw) {
	text := f.text(v)
	if len(text) > maxTextBytes {
		return nil, textLength
	}
	return text, fine
}

func checkText(f *Fields, _ *event.Event, v *Value) flaw {
	_, wrong := f.short(v)
	return wrong
}

func checkSegment(f *Fields, dst *event.Event, v *Value) (wrong flaw) {
	dst.Segment, wrong = f.short(v)
	return wrong
}

func checkCouponCode(f *Fields, dst *event.Event, v *Value) flaw {
	text, wrong := f.short(v)
	if len(text) > 0 {
		dst.Has |= event.HasDiscountCoupon
	}
	return wrong
}

func checkReferralConverted(_ *Fields, dst *event.Event, v *Value) flaw {
	if v.Number != 0 {
		dst.Has |= event.HasReferralConverted
	}
	return fine
}

func checkConsent(f *Fields, dst *event.Event, _ *Value) flaw {
	if f.consent.Form != FormAbsent {
		dst.Has |= event.HasConsent
		if f.consent.Number != 0 {
			dst.Has |= event.HasConsentMarketing
		}
	}
	return fine
}

func checkMergeFrom(f *Fields, dst *event.Event, _ *Value) flaw {
	if dst.Kind == event.IdentityMerge && f.merge.count == 0 {
		return mergeIDs
	}
	return f.merge.flaw
}
