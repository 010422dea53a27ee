package decode

import "github.com/holdfast/holdfast/pipeline/event"

// typeSet is the set of event types that have a field.
type typeSet uint8

const (
	onPurchase typeSet = 1 << event.Purchase
	onVisit    typeSet = 1 << event.Visit
	onComplain typeSet = 1 << event.Complaint
	onErasure  typeSet = 1 << event.Erasure
	onFeedback typeSet = 1 << event.AlertFeedback

	onKinds = onPurchase | onVisit | onComplain
	onAll   = onKinds | onErasure | onFeedback
)

// field is one field of the schema: the types that have it, the forms that it
// may have, and the check that also stores it.
type field struct {
	name  string
	types typeSet
	want  Forms
	check func(*Fields, *event.Event, *Value) flaw
}

// fields are all fields of the schema, in the order in which they are judged:
// where several are wrong, the first of this list names the reason.
var fields = [...]field{
	{"schema_version", onAll, wantInteger, nil}, // judged apart, before all others
	{"event_type", onAll, wantText, nil},
	{"event_id", onAll, wantText, checkEventID},
	{"customer_id", onAll, wantText, checkCustomerID},
	{"anonymous_id", onAll, wantText, checkAnonymousID},
	{"occurred_at", onAll, wantInstant, checkOccurredAt},

	{"ingested_at", onAll, wantInstant, checkInstant},
	{"promised_at", onPurchase, wantInstant, checkInstant},
	{"delivered_at", onPurchase, wantInstant, checkInstant},
	{"renewal_due_at", onPurchase, wantInstant, checkInstant},
	{"inquiry_answered_at", onVisit, wantInstant, checkInstant},
	{"first_response_at", onComplain, wantInstant, checkFirstResponseAt},
	{"sla_due_at", onComplain, wantInstant, checkSLADueAt},
	{"requested_at", onErasure, wantInstant, checkInstant},
	{"at", onFeedback, wantInstant, checkInstant},

	{"kind", onKinds, wantText, checkKind},
	{"order_id", onPurchase | onComplain, wantText, checkOrderID},
	{"ref_order_id", onPurchase, wantText, checkRefOrderID},
	{"currency", onPurchase, wantText, checkCurrency},
	{"amount_net", onPurchase, wantAmount, checkAmountNet},
	{"amount_gross", onPurchase, wantAmount, checkAmount},
	{"amount_discount", onPurchase, wantAmount, checkAmountDiscount},
	{"amount_tax", onPurchase, wantAmount, checkAmount},
	{"margin", onPurchase, wantAmount, checkMargin},
	{"list_amount", onPurchase, wantAmount, checkListAmount},
	{"compensation_amount", onComplain, wantAmount, checkAmount},
	{"points_earned", onPurchase, wantAmount, checkPoints},
	{"points_redeemed", onPurchase, wantAmount, checkPoints},

	{"complaint_id", onComplain, wantText, checkComplaintID},
	{"status", onPurchase | onComplain, wantText, checkStatus},
	{"rating", onComplain, wantInteger, checkRating},
	{"csi", onComplain, wantInteger, checkCSI},
	{"nps", onComplain, wantInteger, checkNPS},
	{"merge_from", onVisit, wantList, checkMergeFrom},
	{"closure_reason", onVisit, wantText, checkClosureReason},
	{"request_id", onErasure, wantText, checkID64},
	{"alert_id", onFeedback, wantText, checkID64},
	{"outcome", onFeedback, wantText, checkOutcome},
	{"actor", onFeedback, wantText, checkText},
	{"lines", onPurchase, wantList, checkLines},

	{"tz", onAll, wantText, checkText},
	{"channel", onAll, wantText, checkChannel},
	{"store_id", onAll, wantText, checkID},
	{"partner_id", onAll, wantText, checkID},
	{"staff_id", onAll, wantText, checkID},
	{"contact_id", onAll, wantText, checkID},
	{"segment", onAll, wantText, checkSegment},
	{"consent", onAll, wantObject, checkConsent},
	{"public", onAll, wantBool, checkNothing},
	{"source", onAll, wantText, checkText},
	{"trace_id", onAll, wantText, checkID},

	{"coupon_code", onPurchase, wantText, checkCouponCode},
	{"is_first_order_claimed", onPurchase, wantBool, checkNothing},

	{"session_id", onVisit, wantText, checkID},
	{"duration_s", onVisit, wantInteger, checkDuration},
	{"pages", onVisit, wantInteger, checkPages},
	{"sku", onVisit | onComplain, wantText, checkText},
	{"category", onVisit, wantText, checkText},
	{"referral_code", onVisit, wantText, checkText},
	{"referred_customer_id", onVisit, wantText, checkID},
	{"referrer_id", onVisit, wantText, checkReferrerID},
	{"referral_converted", onVisit, wantBool, checkReferralConverted},
	{"contact_reason", onVisit, wantText, checkText},
	{"contact_result", onVisit, wantText, checkText},

	{"category", onComplain, wantText, checkCategory},
	{"subcategory", onComplain, wantText, checkText},
	{"severity", onComplain, wantInteger, checkSeverity},
	{"resolution", onComplain, wantText, checkResolution},
	{"satisfied_with_resolution", onComplain, wantBool, checkNothing},
	{"text_hash", onComplain, wantText, checkText},

	{"is_test", onAll, wantBool, checkTest},
}

// mandatory names the fields that a kind must have beside those of its type.
var mandatory = [...]struct {
	kind   event.Kind
	fields []string
}{
	{event.Order, []string{"order_id", "currency", "amount_net"}},
	{event.Renewal, []string{"order_id", "currency", "amount_net"}},
	{event.Refund, []string{"ref_order_id", "currency", "amount_net"}},
	{event.Adjustment, []string{"ref_order_id", "currency", "amount_net"}},
	{event.Cancel, []string{"ref_order_id"}},
	{event.Exchange, []string{"ref_order_id"}},
	{event.ComplaintMade, []string{"complaint_id", "status"}},
	{event.ReturnRequest, []string{"complaint_id", "status"}},
	{event.Dispute, []string{"complaint_id", "status"}},
	{event.Rating, []string{"rating"}},
	{event.IdentityMerge, []string{"merge_from"}},
}

// mandatoryOfType names the fields that every event of a type must have, but
// for the substitutes of event_id and customer_id.
func mandatoryOfType(t event.Type) []string {
	all := []string{"event_type", "event_id", "customer_id", "occurred_at"}
	switch t {
	case event.Erasure:
		return append(all, "request_id", "requested_at")
	case event.AlertFeedback:
		return append(all, "alert_id", "outcome", "actor", "at")
	default:
		return append(all, "kind")
	}
}

// FieldNames returns the names of the top-level fields that events of a type may
// have, in the order in which they are judged.
func FieldNames(t event.Type) []string {
	var names []string
	for _, f := range fields {
		if f.types&(1<<t) != 0 {
			names = append(names, f.name)
		}
	}
	return names
}
