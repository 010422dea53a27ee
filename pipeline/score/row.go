package score

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Model is the name of the purchase model in rows and alerts.
const Model = "mbg-nbd"

// farthestNext bounds the instants of next purchases: beyond a century they are
// null, and they stay within the range of the column.
const farthestNext = 36500

// FillRow fills every column of the row that derives from the statistics, the
// scores and the parameters. Left to the caller: customer_id, segment, currency,
// time_zone, level, lifecycle_state, abc_class, tier, as_of, watermark,
// computed_at, src_partition, seq, is_deleted. Money is minor units also where
// the column is a Null[float64]. ReasonCodes keeps its capacity.
func (p *Parameters) FillRow(s *Statistics, sc *Scores, row *signal.CustomerRow) {
	fillDays(s, sc, row)
	fillWindows(s, sc, row)
	fillComplaints(s, row)
	p.fillModel(s, sc, row)
	row.LadderStage = sc.Ladder
	row.ReasonCodes = row.ReasonCodes[:0]
	for i := range sc.Reasons[:sc.ReasonCount] {
		row.ReasonCodes = append(row.ReasonCodes, sc.Reasons[i].Code)
	}
	row.Approximate = s.Approximate || p.cutsAmounts(row)
	row.DropoutIdentified = p.DropoutIdentified
	row.DataSufficiency = p.DataSufficiency
	row.Model, row.ParamVersion = Model, p.Version
}

func fillDays(s *Statistics, sc *Scores, row *signal.CustomerRow) {
	row.CohortMonth = someIf(s.HasPurchase, monthOf(s.FirstDay))
	row.FirstPurchaseDay = someIf(s.HasPurchase, signal.Day(s.FirstDay))
	row.LastPurchaseDay = someIf(s.HasPurchase, signal.Day(s.LastDay))
	row.FrequencyRepeat = s.X
	row.FirstActivityDay = someIf(s.HasActivity, signal.Day(s.FirstActivityDay))
	row.LastActivityDay = someIf(s.HasActivity, signal.Day(s.LastActivityDay))
	row.ActivityX = s.ActivityX
	row.OrdersLife, row.PurchaseDaysLife = s.OrdersLife, s.PurchaseDaysLife
	row.MonetaryNetLife = signal.Money(s.NetLife)
	row.RefundsWaitingNet = signal.Money(s.RefundsWaiting)
	row.RecencyDays = someIf(s.HasPurchase, uint32(s.RecencyDays()))
	row.TenureDays = someIf(s.HasPurchase, uint32(s.TenureDays()))
	row.MonetaryMeanRepeat = sc.MeanRepeat
	row.InterPurchaseMean = sc.MeanGapDays
	row.IsRepeat = s.X > 0
}

func fillWindows(s *Statistics, sc *Scores, row *signal.CustomerRow) {
	row.MonetaryNet30d = signal.Money(s.Net30)
	row.MonetaryNet90d = signal.Money(s.Net90)
	row.MonetaryNet365d = signal.Money(s.Net365)
	row.Orders30d, row.Orders90d, row.Orders365d = s.Orders30, s.Orders90, s.Orders365
	row.PurchaseDays365d = s.PurchaseDays365
	row.AOV90d, row.AOVTrend = sc.AOV90, sc.AOVTrend
	row.Visits7d, row.Visits30d, row.Visits90d = s.Visits7, s.Visits30, s.Visits90
}

func fillComplaints(s *Statistics, row *signal.CustomerRow) {
	row.ComplaintsOpen = s.ComplaintsOpen
	row.Complaints30d, row.Complaints90d = ComplaintsIn(&s.Complaints30), ComplaintsIn(&s.Complaints90)
	row.Complaints30dByCategory, row.Complaints90dByCategory = s.Complaints30, s.Complaints90
	row.OldestOpenComplaintDays = openDays(s)
	row.ComplaintSLABreached = s.SLABreachedOpen
	row.RatingLast = someIf(s.RatingLast > 0, s.RatingLast)
}

// fillModel fills the columns of the purchase model: null without a purchase.
func (p *Parameters) fillModel(s *Statistics, sc *Scores, row *signal.CustomerRow) {
	has := s.HasPurchase
	row.PAlive, row.PAlivePurchase = someIf(has, sc.PAlive), someIf(has, sc.PAlive)
	row.PReturn30d = someIf(has, sc.PReturn30)
	row.PReturn60d = someIf(has, sc.PReturn60)
	row.PReturn90d = someIf(has, sc.PReturn90)
	row.PReturnAtPurchase = someIf(has, sc.PReturnAtPurchase)
	row.RelativeDrop = someIf(has, sc.RelativeDrop)
	row.OverdueRatio = someIf(has, sc.OverdueRatio)
	row.OverdueQuantile = someIf(has, sc.OverdueQuantile)
	row.NextPurchaseQ50 = nextPurchase(s, sc.GapQ50Days)
	row.NextPurchaseQ90 = nextPurchase(s, sc.GapQ90Days)
	row.Expected90d = someIf(has, sc.Expected90)
	row.ExpectedSpend = someIf(has, sc.ExpectedSpend)
	row.CLV365d = someIf(has, sc.CLV365)
	row.ValueAtRisk = someIf(has, sc.ValueAtRisk)
	row.ChurnRisk = someIf(has, sc.ChurnRisk)
}

// columnLimit is where a column of amounts saturates, as a power of ten of major
// units: Decimal(18, 4) has fourteen digits before the point.
const columnLimit = 14

// cutsAmounts reports whether an amount of the row is beyond its column, which
// then holds the limit instead.
func (p *Parameters) cutsAmounts(row *signal.CustomerRow) bool {
	limit := math.Pow10(columnLimit + int(p.CurrencyExponent))
	most := signal.Money(min(limit, math.MaxInt64/2)) // exact: no currency has more than four decimals
	for _, sum := range [...]signal.Money{row.MonetaryNetLife, row.RefundsWaitingNet, row.MonetaryNet30d,
		row.MonetaryNet90d, row.MonetaryNet365d} {
		if sum >= most || sum <= -most {
			return true
		}
	}
	for _, amount := range [...]signal.Null[float64]{row.MonetaryMeanRepeat, row.AOV90d, row.ExpectedSpend,
		row.CLV365d, row.ValueAtRisk} {
		if amount.Valid && math.Abs(amount.Value) >= limit {
			return true
		}
	}
	return false
}

// FillAlert fills the parts of an alert that derive from the statistics, the
// scores and the parameters: how sure, why, value and provenance of the model.
// Its action must be set.
func (p *Parameters) FillAlert(s *Statistics, sc *Scores, lead *Lead, a *signal.Alert) {
	has := s.HasPurchase
	a.PAlive = someIf(has, sc.PAlive)
	a.PReturn = someIf(has, sc.PReturn)
	a.Score = someIf(has, sc.ChurnRisk)
	a.HorizonDays = p.HorizonDays
	a.Confidence = p.Confidence(s)
	a.BasisPurchases = 0
	if has {
		a.BasisPurchases = s.X + 1
	}
	a.ReasonCount = 0
	if a.Action != signal.Resolved {
		a.ReasonCount = AlertReasons(lead, s, sc, &a.Reasons)
	}
	a.AtStake = someIf(has, sc.ValueAtRisk)
	a.CurrencyExponent = p.CurrencyExponent
	a.Model, a.ParamVersion = Model, p.Version
}

// nextPurchase is the instant that lies a gap after the latest purchase day.
func nextPurchase(s *Statistics, gapDays float64) signal.Null[signal.Instant] {
	if !s.HasPurchase || !(gapDays <= farthestNext) {
		return signal.Null[signal.Instant]{}
	}
	gap := event.Instant(math.Round(float64(gapDays * float64(event.Day24h))))
	return signal.Some(signal.Instant(s.LastDayStart + gap))
}

func someIf[T any](valid bool, v T) signal.Null[T] {
	if !valid {
		return signal.Null[T]{}
	}
	return signal.Some(v)
}

// monthOf is the first day of a day's month in the Gregorian calendar, by
// counting within the 400-year cycle that begins on 1 March 2000.
func monthOf(day event.Day) signal.Day {
	const cycle, era = 146097, 11017 // days in 400 years; 2000-03-01
	d := (int(day)-era)%cycle + cycle
	d %= cycle
	century := min(d/36524, 3)
	d -= century * 36524
	d -= (d / 1461) * 1461
	d -= min(d/365, 3) * 365
	// d is the day of a year that begins in March; months repeat 31,30,31,30,31.
	month := (5*d + 2) / 153
	return signal.Day(day) - signal.Day(d-(153*month+2)/5)
}
