package state

import (
	"encoding/binary"

	"github.com/holdfast/holdfast/pipeline/event"
)

// Order is one remembered order, or the refund that waits for it.
type Order struct {
	Hash     uint64        // KeyOf the order id's hash
	At       event.Instant // earliest event that counts it; before that, the earliest event about it
	BestAt   event.Instant // the event that gives the amount: highest status, then earliest
	BestHash uint32
	Net      int64 // minor units, of the order itself; before it counts, of its chargeback
	Refunded int64 // by refunds
	Adjusted int64 // by adjustments
	Statuses uint16
	Flags    OrderFlag
	Best     uint8   // rank of the highest status: 0 none, 1 placed … 4 delivered
	Currency [3]byte // of the amounts; before the order counts, of what waits for it

	FailedAt event.Instant // the latest event that a payment failed; 0 none
	PaidAt   event.Instant // the latest event that says paid, shipped or delivered; 0 none

	// TakenBack are the keys of refunds and adjustments, rising;
	// 0 where there are fewer.
	TakenBack [MaxTakenBack]uint64

	// Categories are those that its lines name: the bit i for Categories[i] of the record.
	Categories uint64

	// Margin is what the event that gives the amount says, in minor units, where HasMargin.
	Margin    int64
	HasMargin bool
}

// Category is one that lines of orders name.
type Category struct {
	Hash uint32
	Day  event.Day // the latest of an order that is no longer remembered; 0 none
}

// MaxCategories is how many categories are remembered.
const MaxCategories = 64

// OrderFlag is a bit of an Order.
type OrderFlag uint8

// Order flags.
const (
	OrderCounts     OrderFlag = 1 << iota // an event with a counting status came
	OrderCancelled                        // cancelled or charged back
	OrderRefundSeen                       // at least one refund came
	OrderForeign                          // in another currency: counts its day, not its money
)

// orderPart is the remembered orders of a record.
type orderPart struct {
	Orders     []Order // ascending by (At, Hash)
	Categories []Category
	OrderDays  OrderDays

	orderBuffer    [MaxOrders + 1]Order
	orderDayBuffer [MaxOrderDays]OrderDay
	categoryBuffer [MaxCategories]Category
}

const longestOrders = MaxOrders*(1+3+1+7+2*longestVarint+4+3*longestVarint+3+longestVarint) +
	1 + MaxCategories*(4+5)

func (p *orderPart) clear() {
	p.Orders, p.Categories, p.OrderDays = p.orderBuffer[:0], p.categoryBuffer[:0], p.orderDayBuffer[:0]
}

// CategoryBit finds the bit of a category, or gives it one; 0 where there are
// MaxCategories others.
func (p *orderPart) CategoryBit(hash uint32) uint64 {
	for i := range p.Categories {
		if p.Categories[i].Hash == hash {
			return 1 << i
		}
	}
	n := len(p.Categories)
	if n == MaxCategories {
		return 0
	}
	p.Categories = append(p.Categories, Category{Hash: hash})
	return 1 << n
}

// KeepCategories forgets all categories but those of these bits; those of the
// orders move with them.
func (p *orderPart) KeepCategories(bits uint64) {
	for i := len(p.Categories) - 1; i >= 0; i-- {
		if bits&(1<<i) != 0 {
			continue
		}
		p.Categories = append(p.Categories[:i], p.Categories[i+1:]...)
		below := uint64(1)<<i - 1
		for k := range p.Orders {
			mask := &p.Orders[k].Categories
			*mask = *mask&below | *mask>>1&^below
		}
	}
}

// The section of orders has for each order, oldest first:
//
//	what follows u8 | statuses varint | flags and rank u8 | key, 7 bytes |
//	span since the order before | what the bits name, in their order
//
// Where there are categories, their table stands before the orders:
//
//	0x80 | whether days follow, 0x40 | how many less one u8 |
//	for each its hash u32, and where days follow its day
const (
	orderBestElsewhere = 1 << iota // the event that gives the amount is at another instant: the span to it
	orderHasBest                   // its tie, 4 bytes
	orderHasNet
	orderHasRefunded
	orderHasAdjusted
	orderHasCurrency   // another than of the order before, 3 bytes
	orderHasCategories // a varint

	categoryTable = 0x80
	categoryDays  = 0x40
)

func orderBits(o, before *Order) (what uint8) {
	set := func(bit uint8, on bool) {
		if on {
			what |= bit
		}
	}
	set(orderBestElsewhere, o.BestAt != 0 && o.BestAt != o.At)
	set(orderHasBest, o.BestAt != 0)
	set(orderHasNet, o.Net != 0)
	set(orderHasRefunded, o.Refunded != 0)
	set(orderHasAdjusted, o.Adjusted != 0)
	set(orderHasCurrency, o.Currency != before.Currency)
	set(orderHasCategories, o.Categories != 0)
	return what
}

func (p *orderPart) appendCategories(out []byte) []byte {
	if len(p.Categories) == 0 {
		return out
	}
	lead := categoryTable | uint8(len(p.Categories)-1)
	for i := range p.Categories {
		if p.Categories[i].Day != 0 {
			lead |= categoryDays
		}
	}
	out = append(out, lead)
	for i := range p.Categories {
		out = binary.LittleEndian.AppendUint32(out, p.Categories[i].Hash)
		if lead&categoryDays != 0 {
			out = AppendDay(out, p.Categories[i].Day)
		}
	}
	return out
}

func (p *orderPart) readCategories(r *Reader) {
	if len(r.in) == 0 || r.in[0]&categoryTable == 0 {
		return
	}
	lead := r.Byte()
	p.Categories = p.categoryBuffer[:1+lead&^(categoryTable|categoryDays)]
	for i := range p.Categories {
		p.Categories[i] = Category{Hash: r.uint32()}
		if lead&categoryDays != 0 {
			p.Categories[i].Day = r.Day()
		}
	}
}

func (p *orderPart) appendOrders(out []byte) []byte {
	out = p.appendCategories(out)
	before := &Order{}
	for i := range p.Orders {
		o := &p.Orders[i]
		what := orderBits(o, before)
		out = append(out, what)
		out = binary.AppendUvarint(out, uint64(o.Statuses))
		out = append(out, uint8(o.Flags)|o.Best<<4)
		out = appendKey(out, o.Hash)
		out = AppendSpan(out, o.At-before.At)
		if what&orderBestElsewhere != 0 {
			out = AppendSpan(out, o.BestAt-o.At)
		}
		if what&orderHasBest != 0 {
			out = binary.LittleEndian.AppendUint32(out, o.BestHash)
		}
		for _, money := range [...]int64{o.Net, o.Refunded, o.Adjusted} {
			if money != 0 {
				out = appendVarint(out, money)
			}
		}
		if what&orderHasCurrency != 0 {
			out = append(out, o.Currency[:]...)
		}
		if o.Categories != 0 {
			out = binary.AppendUvarint(out, o.Categories)
		}
		before = o
	}
	return out
}

func (p *orderPart) readOrders(r *Reader) {
	p.readCategories(r)
	before := &Order{}
	n := 0
	for ; len(r.in) > 0 && n < MaxOrders; n++ {
		o := &p.orderBuffer[n]
		r.oneOrder(o, before)
		if o.Categories>>len(p.Categories) != 0 {
			r.fail()
		}
		before = o
	}
	p.Orders = p.orderBuffer[:n]
}

func (r *Reader) oneOrder(o, before *Order) {
	what := r.Byte()
	*o = Order{Statuses: uint16(r.UpTo(1<<16 - 1))}
	flags := r.Byte()
	o.Flags, o.Best = OrderFlag(flags&0xf), flags>>4
	o.Hash = r.key()
	o.At = before.At + r.Span()
	if what&orderHasBest != 0 {
		o.BestAt = o.At
	}
	if what&orderBestElsewhere != 0 {
		o.BestAt = o.At + r.Span()
	}
	if what&orderHasBest != 0 {
		o.BestHash = r.uint32()
	}
	o.PaidAt = o.bestPaid()
	if what&orderHasNet != 0 {
		o.Net = r.varint()
	}
	if what&orderHasRefunded != 0 {
		o.Refunded = r.varint()
	}
	if what&orderHasAdjusted != 0 {
		o.Adjusted = r.varint()
	}
	o.Currency = before.Currency
	if what&orderHasCurrency != 0 {
		copy(o.Currency[:], r.take(len(o.Currency)))
	}
	if what&orderHasCategories != 0 {
		o.Categories = r.Uvarint()
	}
}
