package signal

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the alert as one JSON object, every field present and null
// where it has no value, in a fixed order. Probabilities are rounded to 1e-6 and
// contributions and figures likewise, so that the bytes do not depend on the
// last bit of a float; money is a decimal string; instants are RFC 3339 in UTC.
func (a *Alert) AppendJSON(dst []byte) []byte {
	o := object{dst: append(dst, '{')}
	a.appendIdentity(&o)
	a.appendCertainty(&o)
	a.appendReasons(&o)
	o.key("at_stake")
	if a.AtStake.Valid {
		o.dst = appendDecimal(append(o.dst, '"'), a.AtStake.Value, a.CurrencyExponent)
		o.dst = append(o.dst, '"')
	} else {
		o.null()
	}
	o.text("currency", a.Currency)
	a.appendPlay(&o)
	a.appendComplaint(&o)
	o.key("evidence") // event ids are not kept yet
	o.null()
	o.instant("raised_at", a.RaisedAt)
	o.instant("as_of", a.AsOf)
	o.instant("computed_at", a.ComputedAt)
	o.instant("cooldown_until", a.CooldownUntil)
	o.boolean("suppressed", a.Suppressed != NotSuppressed)
	o.optional("suppressed_reason", a.Suppressed.String())
	o.boolean("standing", a.Standing)
	o.key("links") // set by whoever knows the addresses
	o.null()
	o.text("model", a.Model)
	o.text("param_version", a.ParamVersion)
	o.instant("params_fitted_at", a.ParamsFittedAt)
	o.optional("config_hash", a.ConfigHash)
	o.optional("engine_version", a.EngineVersion)
	return append(o.dst, '}')
}

func (a *Alert) appendIdentity(o *object) {
	o.text("alert_id", a.AlertID)
	o.text("dedup_key", a.DedupKey())
	o.text("kind", a.Kind.Name)
	o.text("action", a.Action.String())
	o.whole("alert_seq", int64(a.Seq))
	o.optional("resolve_reason", a.Resolve.String())
	o.optional("feedback", a.Feedback)
	o.key("customer_id")
	o.dst = appendQuoted(o.dst, a.CustomerID)
	o.optional("tier", a.Tier)
	o.optional("abc_class", a.ABCClass)
	o.text("segment", a.Segment)
	o.text("time_zone", a.TimeZone)
}

func (a *Alert) appendCertainty(o *object) {
	o.text("level", a.Level.String())
	o.text("previous_level", a.PreviousLevel.String())
	o.ratio("p_alive", a.PAlive)
	o.ratio("p_return", a.PReturn)
	o.whole("horizon_days", int64(a.HorizonDays))
	o.ratio("score", a.Score)
	o.ratio("previous_score", a.PreviousScore)
	o.text("confidence", a.Confidence.String())
	o.whole("basis_purchases", int64(a.BasisPurchases))
}

func (a *Alert) appendReasons(o *object) {
	o.key("reasons")
	o.dst = append(o.dst, '[')
	for i := range a.Reasons[:a.ReasonCount] {
		r := &a.Reasons[i]
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		e := object{dst: append(o.dst, '{')}
		e.text("code", r.Code.String())
		e.whole("rank", int64(i+1))
		e.ratio("contribution", Some(r.Contribution))
		e.ratio("observed", Null[float64]{r.Observed, r.HasObserved})
		e.ratio("expected", Null[float64]{r.Expected, r.HasExpected})
		e.text("text", r.Text())
		o.dst = append(e.dst, '}')
	}
	o.dst = append(o.dst, ']')
}

func (a *Alert) appendPlay(o *object) {
	o.key("play")
	if a.Play.ID == "" {
		o.null()
	} else {
		p := object{dst: append(o.dst, '{')}
		p.text("id", a.Play.ID)
		p.text("title", a.Play.Title)
		o.dst = append(p.dst, '}')
	}
	o.instant("act_before", a.ActBefore)
	o.text("arm", a.Arm())
}

// object appends the members of one JSON object.
type object struct {
	dst   []byte
	begun bool
}

func (o *object) key(name string) {
	if o.begun {
		o.dst = append(o.dst, ',')
	}
	o.begun = true
	o.dst = append(append(append(o.dst, '"'), name...), '"', ':')
}

func (o *object) null() { o.dst = append(o.dst, "null"...) }

func (o *object) text(name, value string) {
	o.key(name)
	o.dst = appendQuoted(o.dst, value)
}

// optional is text, or null where the value is empty.
func (o *object) optional(name, value string) {
	if value != "" {
		o.text(name, value)
		return
	}
	o.key(name)
	o.null()
}

func (o *object) whole(name string, value int64) {
	o.key(name)
	o.dst = strconv.AppendInt(o.dst, value, 10)
}

func (o *object) boolean(name string, value bool) {
	o.key(name)
	o.dst = strconv.AppendBool(o.dst, value)
}

// ratio is a number rounded to 1e-6; null where there is none or it is not finite.
func (o *object) ratio(name string, value Null[float64]) {
	o.key(name)
	if !value.Valid || math.IsNaN(value.Value) || math.Abs(value.Value) > 1e9 {
		o.null()
		return
	}
	rounded := math.Round(float64(value.Value*1e6)) / 1e6
	o.dst = strconv.AppendFloat(o.dst, rounded+0, 'f', -1, 64) // + 0 turns -0 into 0
}

// instant is RFC 3339 in UTC with microseconds; null for 0.
func (o *object) instant(name string, value Instant) {
	o.key(name)
	if value == 0 {
		o.null()
		return
	}
	o.dst = append(appendInstant(append(o.dst, '"'), value), '"')
}

func appendInstant(dst []byte, value Instant) []byte {
	return time.UnixMicro(int64(value)).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
}

// moneyLimit bounds what is printed as money; sums saturate there.
const moneyLimit = 1e18

// appendDecimal appends an amount of minor units as a decimal number of the
// currency, rounded half away from zero to whole minor units.
func appendDecimal(dst []byte, minor float64, exponent uint8) []byte {
	whole := int64(math.Round(max(-moneyLimit, min(moneyLimit, minor))))
	if whole < 0 {
		dst, whole = append(dst, '-'), -whole
	}
	scale := int64(1)
	for range exponent {
		scale *= 10
	}
	dst = strconv.AppendInt(dst, whole/scale, 10)
	if exponent == 0 {
		return dst
	}
	dst = append(dst, '.')
	for scale /= 10; scale > 0; scale /= 10 {
		dst = append(dst, byte('0'+whole/scale%10))
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends a JSON string. Invalid UTF-8 becomes U+FFFD.
func appendQuoted[T string | []byte](dst []byte, text T) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		switch b := text[i]; {
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case b < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		case b < utf8.RuneSelf:
			dst = append(dst, b)
		default:
			r, size := utf8.DecodeRuneInString(string(text[i:min(i+utf8.UTFMax, len(text))]))
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		i++
	}
	return append(dst, '"')
}
