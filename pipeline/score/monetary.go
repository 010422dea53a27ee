package score

import "github.com/holdfast/holdfast/pipeline/signal"

const (
	ordersLife         signal.ColumnID = 12
	monetaryNetLife    signal.ColumnID = 14
	refundsWaitingNet  signal.ColumnID = 15
	monetaryMeanRepeat signal.ColumnID = 18
	monetaryNet30d     signal.ColumnID = 19
	monetaryNet90d     signal.ColumnID = 20
	monetaryNet365d    signal.ColumnID = 21
	orders30d          signal.ColumnID = 22
	orders90d          signal.ColumnID = 23
	orders365d         signal.ColumnID = 24
	aov90d             signal.ColumnID = 26
	aovTrend           signal.ColumnID = 27
	categoryBreadth    signal.ColumnID = 75
	ordersForeign90d   signal.ColumnID = 110
)

// CategoryDays is the window, in days, of the categories that are bought from.
const CategoryDays = 90

// MonetaryFigures are orders and money beside those of the facts.
type MonetaryFigures struct {
	OrdersLife     uint32
	NetLife        int64
	RefundsWaiting int64 // of orders that have not come; taken from no other sum
	RepeatNet      int64 // over the repeat purchase days with a positive net
	RepeatNetDays  uint32
	Orders30       uint32
	Orders365      uint32
	Net30          int64
	Net365         int64
	Margin365      int64 // that orders of the last 365 days gave
	MarginNet365   int64 // of Net365: of the orders that gave one

	CategoryBreadth uint32 // distinct categories within CategoryDays
}

// monetary is how many orders there were, what they brought, and how broad they are.
var monetary = family{
	name: "monetary",
	columns: []signal.ColumnSpec{
		{ID: ordersLife, Name: "orders_life", Type: signal.TypeCount, Unit: "orders",
			Doc: "orders ever, without those refunded in full or cancelled"},
		{ID: monetaryNetLife, Name: "monetary_net_life", Type: signal.TypeMoney, Doc: "net revenue ever, refunds deducted"},
		{ID: refundsWaitingNet, Name: "refunds_waiting_net", Type: signal.TypeMoney,
			Doc: "refunds and adjustments whose order is not known, deducted from no other amount"},
		{ID: monetaryMeanRepeat, Name: "monetary_mean_repeat", Type: signal.TypeAmount, Null: true,
			Doc: "mean net value of the repeat purchase days with a positive one"},
		{ID: monetaryNet30d, Name: "monetary_net_30d", Type: signal.TypeMoney,
			Doc: "net revenue of the last 30 business days, today included"},
		{ID: monetaryNet90d, Name: "monetary_net_90d", Type: signal.TypeMoney,
			Doc: "net revenue of the last 90 business days"},
		{ID: monetaryNet365d, Name: "monetary_net_365d", Type: signal.TypeMoney,
			Doc: "net revenue of the last 365 business days"},
		{ID: orders30d, Name: "orders_30d", Type: signal.TypeCount, Unit: "orders",
			Doc: "orders of the last 30 business days"},
		{ID: orders90d, Name: "orders_90d", Type: signal.TypeCount, Unit: "orders",
			Doc: "orders of the last 90 business days"},
		{ID: orders365d, Name: "orders_365d", Type: signal.TypeCount, Unit: "orders",
			Doc: "orders of the last 365 business days"},
		{ID: aov90d, Name: "aov_90d", Type: signal.TypeAmount, Null: true,
			Doc: "average order value of the last 90 business days; orders in another currency are left out"},
		{ID: aovTrend, Name: "aov_trend", Type: signal.TypeFloat, Unit: "ratio", Null: true,
			Doc: "aov_90d over that of the 90 business days before"},
		{ID: categoryBreadth, Name: "category_breadth", Type: signal.TypeCount, Unit: "categories",
			Doc: "distinct categories in the lines of the orders of the last 90 business days; exact up to 64"},
		{ID: ordersForeign90d, Name: "orders_foreign_90d", Type: signal.TypeCount, Unit: "orders",
			Doc: "orders of the last 90 business days in another currency, whose money is not counted"},
	},
	edges: []edge{{Purchases, 30}, {Purchases, 90}, {Purchases, 180}, {Purchases, 365}, {Purchases, CategoryDays}},
	fill: func(_ *Parameters, in *Input, row *signal.Row) {
		s := in.Statistics
		row.SetCount(ordersLife, s.OrdersLife)
		row.SetCount(orders30d, s.Orders30)
		row.SetCount(orders90d, s.Orders90)
		row.SetCount(orders365d, s.Orders365)
		row.SetMoney(monetaryNetLife, signal.Money(s.NetLife))
		row.SetMoney(refundsWaitingNet, signal.Money(s.RefundsWaiting))
		row.SetMoney(monetaryNet30d, signal.Money(s.Net30))
		row.SetMoney(monetaryNet90d, signal.Money(s.Net90))
		row.SetMoney(monetaryNet365d, signal.Money(s.Net365))
		row.SetCount(categoryBreadth, s.CategoryBreadth)
		row.SetCount(ordersForeign90d, s.OrdersForeign90)
		setAmount(row, monetaryMeanRepeat, in.Scores.MeanRepeat)
		setAmount(row, aov90d, in.Scores.AOV90)
		setFloat(row, aovTrend, in.Scores.AOVTrend)
	},
}

// basketShrinkBelow is the order value trend under which a basket has shrunk.
const basketShrinkBelow = .7

// orderValues fills the mean of the repeat purchase days (m_x), the average order
// value of the last 90 days and its trend against the 90 days before. Each is
// null where it has no base; the trend also where the base is not positive.
func orderValues(s *Statistics, out *Scores) {
	if s.RepeatNetDays > 0 {
		out.MeanRepeat = signal.Some(float64(s.RepeatNet) / float64(s.RepeatNetDays))
	}
	if n := valued(s.Orders90, s.OrdersForeign90); n > 0 {
		out.AOV90 = signal.Some(float64(s.Net90) / n)
	}
	out.AOVTrend = orderValueTrend(&s.Facts)
}

// orderValueTrend is the average order value over that of the 90 days before.
func orderValueTrend(s *Facts) signal.Null[float64] {
	n, before := valued(s.Orders90, s.OrdersForeign90), valued(s.OrdersPrevious90, s.OrdersForeignPrevious90)
	if n == 0 || before == 0 || s.NetPrevious90 <= 0 {
		return signal.Null[float64]{}
	}
	return signal.Some(float64(s.Net90) / n / (float64(s.NetPrevious90) / before))
}

// valued is how many of the orders have money: those in another currency have none.
func valued(orders, foreign uint32) float64 { return float64(orders - min(orders, foreign)) }

// basketShrunk reports whether the order value trend is below .7.
func basketShrunk(s *Facts) bool {
	trend := orderValueTrend(s)
	return trend.Valid && Millionths(trend.Value) < Millionths(basketShrinkBelow)
}
