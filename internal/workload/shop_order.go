package workload

import (
	"strconv"

	"github.com/holdfast/holdfast/pipeline/event"
)

// catalogue is what the shop sells, by category.
var catalogue = [...]struct{ category, sku string }{
	{"shoes", "SH"}, {"shirts", "ST"}, {"trousers", "TR"}, {"jackets", "JK"},
	{"bags", "BG"}, {"sport", "SP"}, {"home", "HM"}, {"care", "CR"},
}

var visitKinds = [...]string{"session", "session", "session", "session", "session", "session", "product_view",
	"product_view", "product_view", "search", "search", "cart", "wishlist", "inquiry"}

// emit hands an event to Next.
func (s *Shop) emit(kind event.Type, a *act, value []byte) {
	s.item = Item{Topic: kind, Key: []byte(a.who.id), Value: value, At: a.at}
	s.ready = true
}

func (s *Shop) begin(kind event.Type, a *act) []byte {
	id := uuid(s.random.Uint64(), s.random.Uint64())
	return begin(make([]byte, 0, 768), kind, id, a.at, a.who.id)
}

func (s *Shop) renderVisit(a *act) []byte {
	kind, channel := visitKinds[s.random.IntN(len(visitKinds))], a.who.channel
	if channel == "store" {
		kind = "store_visit"
	}
	if s.happens(0.1) {
		kind, channel = "session", "app"
	}
	b := s.begin(event.Visit, a)
	b = appendText(b, "kind", kind)
	b = appendText(b, "channel", channel)
	if kind != "store_visit" {
		b = appendText(b, "session_id", "s-"+strconv.FormatUint(s.random.Uint64()>>24, 36))
		b = appendNumber(b, "duration_s", 20+int64(s.random.ExpFloat64()*240))
		b = appendNumber(b, "pages", 1+int64(s.random.ExpFloat64()*6))
	}
	b = appendText(b, "category", catalogue[a.who.favourite].category)
	return append(s.consent(b, a.who), '}')
}

// consent is said once, in a customer's first event.
func (s *Shop) consent(b []byte, who *person) []byte {
	if who.consented {
		return b
	}
	who.consented = true
	return append(appendBool(append(b, `,"consent":{"given":true`...), "marketing", s.happens(0.85)), '}')
}

func (s *Shop) renderOrder(a *act, o *bought, status string) []byte {
	b := s.begin(event.Purchase, a)
	b = appendText(b, "kind", "order")
	b = appendText(b, "order_id", o.id)
	b = appendText(b, "status", status)
	b = appendText(b, "channel", a.who.channel)
	if a.who.channel == "store" {
		b = appendText(b, "store_id", "st-"+strconv.Itoa(1+len(a.who.id)%4))
	}
	b = appendText(b, "currency", s.cfg.Currency)
	b = appendNumber(b, "amount_gross", o.net+o.discount)
	b = appendNumber(b, "amount_discount", o.discount)
	b = appendNumber(b, "amount_tax", (o.net*19+59)/119)
	b = appendNumber(b, "amount_net", o.net)
	b = appendNumber(b, "list_amount", o.net+o.discount)
	b = appendNumber(b, "margin", o.net*3/10)
	if o.discount > 0 {
		b = appendText(b, "coupon_code", "TEN")
	}
	if status == "delivered" {
		b = appendTime(b, "delivered_at", a.at-event.Hour)
		return append(b, '}')
	}
	return append(s.lines(s.consent(b, a.who), a.who, o.net+o.discount), '}')
}

// lines appends one to three order lines that add up to the list amount.
func (s *Shop) lines(b []byte, who *person, list int64) []byte {
	b = append(b, `,"lines":[`...)
	n := 1 + s.random.IntN(3)
	for i := range n {
		product := catalogue[who.favourite]
		if s.happens(0.4) {
			product = catalogue[s.random.IntN(len(catalogue))]
		}
		price := list / int64(n)
		if i == 0 {
			price += list % int64(n)
		} else {
			b = append(b, ',')
		}
		b = append(b, `{"sku":"`...)
		b = append(b, product.sku...)
		b = append(b, '-')
		b = strconv.AppendInt(b, 100+int64(s.random.IntN(40)), 10)
		b = append(b, '"')
		b = appendText(b, "category", product.category)
		b = appendNumber(b, "qty", 1)
		b = append(appendNumber(b, "unit_price", price), '}')
	}
	return append(b, ']')
}

// renderRefund writes a refund of a tenth to a half of an order.
func (s *Shop) renderRefund(a *act) []byte {
	part := a.about.net * int64(10+s.random.IntN(41)) / 100
	b := s.begin(event.Purchase, a)
	b = appendText(b, "kind", "refund")
	b = appendText(b, "ref_order_id", a.about.id)
	b = appendText(b, "currency", s.cfg.Currency)
	b = appendNumber(b, "amount_net", part)
	return append(b, '}')
}
