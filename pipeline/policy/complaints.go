package policy

import "github.com/holdfast/holdfast/pipeline/signal"

// slaBreached runs complaint_sla_breached: open while some open complaint is past
// a time it must keep.
func (j *judgement) slaBreached() {
	j.complaintAlert(signal.ComplaintSLABreached, j.f.SLABreached, signal.ByComplaintResolved)
}

// complaintsRepeat runs complaint_repeat: open while there are too many
// complaints in 30 days.
func (j *judgement) complaintsRepeat() {
	holds := j.f.Complaints30 >= j.c.RepeatComplaints
	why := signal.ByLevelDropped
	if j.f.ComplaintsOpen == 0 {
		why = signal.ByComplaintResolved
	}
	j.complaintAlert(signal.ComplaintRepeat, holds, why)
}

// complaintAlert runs an alert that follows a condition without dwell.
func (j *judgement) complaintAlert(kind signal.AlertKind, holds bool, over signal.ResolveReason) {
	e := j.find(kind)
	switch {
	case e != nil && e.Open:
		switch {
		case j.answered(e):
		case !holds:
			j.end(e, signal.Resolved, over)
		default:
			j.aged(e)
		}
	case holds && e == nil:
		j.raise(kind, j.st.Level)
	}
}
