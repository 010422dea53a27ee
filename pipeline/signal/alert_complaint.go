package signal

// AlertComplaint is the complaint that an alert is about; the zero value where it is
// about none. Where the complaint is not remembered any more only Time is known.
type AlertComplaint struct {
	ID       string
	OrderID  string        // "" where no event about it named one
	Category string        // "" where the complaint is not remembered any more
	Severity uint8         // 1 to 5; 0 where none was told
	Time     ComplaintTime // that was broken
	OpenedAt Instant
	RunsFrom Instant // since when Time runs: the opening, or the latest reopening
	DueAt    Instant // when Time was over
}

func (a *Alert) appendComplaint(o *object) {
	c := &a.Complaint
	o.key("complaint")
	if c.Time == NoComplaintTime {
		o.null()
		return
	}
	e := object{dst: append(o.dst, '{')}
	e.optional("id", c.ID)
	e.optional("category", c.Category)
	e.ratio("severity", Null[float64]{float64(c.Severity), c.Severity != 0})
	e.optional("order_id", c.OrderID)
	e.text("broken_time", c.Time.String())
	e.instant("opened_at", c.OpenedAt)
	e.instant("runs_from", c.RunsFrom)
	e.instant("due_at", c.DueAt)
	e.ratio("open_hours", hoursUntil(c.OpenedAt, a.AsOf))
	e.ratio("late_hours", hoursUntil(c.DueAt, a.AsOf))
	o.dst = append(e.dst, '}')
}

// hoursUntil is how many hours lie between two instants, 0 at least; null where the
// first is not known.
func hoursUntil(from, to Instant) Null[float64] {
	if from == 0 {
		return Null[float64]{}
	}
	return Some(max(0, float64(to-from)/3.6e9))
}

func (c *AlertComplaint) row(row *AlertRow) {
	row.ComplaintID, row.ComplaintOrderID, row.ComplaintCategory = c.ID, c.OrderID, c.Category
	row.ComplaintSeverity, row.ComplaintTime = uint32(c.Severity), c.Time
	row.ComplaintOpenedAt = Null[Instant]{c.OpenedAt, c.OpenedAt != 0}
	row.ComplaintDueAt = Null[Instant]{c.DueAt, c.DueAt != 0}
}
