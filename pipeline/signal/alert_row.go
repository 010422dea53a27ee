package signal

// AlertRow is one row of alert_event: a transition of an alert.
type AlertRow struct {
	AlertID           string        `col:"alert_id" type:"text" doc:"identity of the alert, from customer, kind and episode"`
	AlertSeq          uint32        `col:"alert_seq" type:"count" doc:"1, 2, ... within the alert"`
	DedupKey          string        `col:"dedup_key" type:"text" doc:"<kind>/<alert_id>"`
	Family            string        `col:"family" type:"name" doc:"churn, loyalty, segment"`
	Kind              string        `col:"kind" type:"name" doc:"what the alert is about"`
	Action            Action        `col:"action" type:"enum" doc:"raised, escalated, updated, resolved, expired"`
	CustomerID        []byte        `col:"customer_id" type:"text" doc:"the customer's id"`
	Segment           string        `col:"segment" type:"name" doc:"the customer's segment"`
	Level             Level         `col:"level" type:"enum" doc:"level with this transition"`
	PreviousLevel     Level         `col:"previous_level" type:"enum" doc:"level before it"`
	Score             Null[float64] `col:"score" type:"float" doc:"churn_risk, 0 to 1"`
	PAlive            Null[float64] `col:"p_alive" type:"float" doc:"probability of being still a customer"`
	ReasonCodes       []ReasonCode  `col:"reason_codes" type:"enums" doc:"up to three reasons, strongest first"`
	ReasonTexts       []string      `col:"reason_texts" type:"texts" doc:"the reasons in words, made from their figures"`
	AtStake           Null[float64] `col:"at_stake" type:"amount" doc:"value_at_risk in currency"`
	Currency          string        `col:"currency" type:"name" doc:"currency of at_stake"`
	Arm               string        `col:"arm" type:"name" doc:"treat or holdout"`
	SuppressedReason  Suppression   `col:"suppressed_reason" type:"enum" doc:"why it is recorded and not delivered; empty otherwise"`
	Standing          bool          `col:"standing" type:"flag" doc:"told when the present was reached, though it was raised earlier, undelivered"`
	ResolveReason     ResolveReason `col:"resolve_reason" type:"enum" doc:"why it was resolved; empty otherwise"`
	ComplaintID       string        `col:"complaint_id" type:"text" doc:"the complaint that the alert is about; empty where about none"`
	ComplaintTime     ComplaintTime `col:"complaint_time" type:"enum" doc:"the time that the complaint has broken: first_response, resolution; empty otherwise"`
	ComplaintCategory string        `col:"complaint_category" type:"name" doc:"category of the complaint; empty otherwise"`
	ComplaintSeverity uint32        `col:"complaint_severity" type:"count" doc:"severity of the complaint, 1 to 5; 0 where none was told"`
	ComplaintOrderID  string        `col:"complaint_order_id" type:"text" doc:"the order that the complaint is about; empty where not told"`
	ComplaintOpenedAt Null[Instant] `col:"complaint_opened_at" type:"instant" doc:"when the complaint was made"`
	ComplaintDueAt    Null[Instant] `col:"complaint_due_at" type:"instant" doc:"when the time was over that it has broken"`
	RaisedAt          Instant       `col:"raised_at" type:"instant" doc:"when the alert was raised"`
	AsOf              Instant       `col:"as_of" type:"instant" doc:"the moment of the transition"`
	ComputedAt        Instant       `col:"computed_at" type:"instant" doc:"wall time at which it was computed"`
	ParamVersion      string        `col:"param_version" type:"name" doc:"version of the parameters, joins model_params"`
	SrcPartition      uint16        `col:"src_partition" type:"uint16" doc:"the shard"`
	Seq               uint64        `col:"seq" type:"uint64" doc:"epoch << 36 | dense number within the shard"`
}
