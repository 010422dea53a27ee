package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/explain"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// What is told of a customer where no instance answers: what its row and its alerts
// hold, as they were scored. Nothing is scored again, because a row knows less than the
// state that it was made of.

// errNoRow is the answer where the customer has no row.
var errNoRow = errors.New("no row is about this customer: the id may be wrong, or its events may not be loaded " +
	"yet (`holdfast wait --caught-up`)")

// explainRow tells what the tables hold; problem says why the instance is not asked.
func (c *cli) explainRow(
	ctx context.Context, loaded *config.Loaded, customer, problem string,
) (*explain.Document, error) {
	conn, err := c.tables(ctx, loaded)
	switch {
	case errors.Is(err, errNoClickHouse):
		return nil, &coded{exitUnreachable, fmt.Errorf("%s, and %w; is `holdfast run` up?", problem, err)}
	case err != nil:
		return nil, fmt.Errorf("%s, and its row cannot be read: %w", problem, err)
	}
	defer conn.Close()
	row, err := readCustomer(ctx, conn, customer)
	if errors.Is(err, errNoRow) {
		return nil, fmt.Errorf("%s, and %w", problem, err)
	}
	if err != nil {
		return nil, err
	}
	document := row.document(problem)
	if document.Alerts, err = openAlerts(ctx, conn, customer); err != nil {
		return nil, err
	}
	for _, alert := range document.Alerts {
		if alert.Kind == policy.ChurnRisk.String() || alert.Kind == policy.SilentChurn.String() {
			document.NoAlert = []string{}
		}
	}
	return document, nil
}

// customerRow is what explain reads of customer_current; days are counted from
// 1970, amounts are in major units.
type customerRow struct {
	CustomerID     string    `ch:"customer_id"`
	Segment        string    `ch:"segment"`
	Currency       string    `ch:"currency"`
	TimeZone       string    `ch:"time_zone"`
	Level          string    `ch:"level"`
	Lifecycle      string    `ch:"lifecycle_state"`
	Ladder         string    `ch:"ladder_stage"`
	FirstDay       *int32    `ch:"first_day"`
	LastDay        *int32    `ch:"last_day"`
	Repeat         uint32    `ch:"frequency_repeat"`
	OrdersLife     uint32    `ch:"orders_life"`
	PurchaseDays   uint32    `ch:"purchase_days_life"`
	NetLife        float64   `ch:"net_life"`
	Net365         float64   `ch:"net_365"`
	RefundsWaiting float64   `ch:"refunds_waiting"`
	Visits30       uint32    `ch:"visits_30d"`
	Visits90       uint32    `ch:"visits_90d"`
	ComplaintsOpen uint32    `ch:"complaints_open"`
	Complaints90   uint32    `ch:"complaints_90d"`
	OldestOpenDays *uint32   `ch:"oldest_open_complaint_days"`
	SLABreached    uint8     `ch:"complaint_sla_breached"`
	RatingLast     *uint8    `ch:"rating_last"`
	PAlive         *float64  `ch:"p_alive"`
	PAliveBasis    string    `ch:"p_alive_basis"`
	ChurnRisk      *float64  `ch:"churn_risk"`
	ValueAtRisk    *float64  `ch:"at_risk"`
	ReasonCodes    []string  `ch:"reason_codes"`
	Sufficiency    string    `ch:"data_sufficiency"`
	ParamVersion   string    `ch:"param_version"`
	AsOf           time.Time `ch:"as_of"`
	AsOfDay        int32     `ch:"as_of_day"`
}

const customerQuery = `SELECT customer_id, segment, currency, time_zone, level, lifecycle_state, ladder_stage,
	toInt32(first_purchase_day) AS first_day, toInt32(last_purchase_day) AS last_day, frequency_repeat, orders_life,
	purchase_days_life, toFloat64(monetary_net_life) AS net_life, toFloat64(monetary_net_365d) AS net_365,
	toFloat64(refunds_waiting_net) AS refunds_waiting,
	visits_30d, visits_90d, complaints_open, complaints_90d, oldest_open_complaint_days, complaint_sla_breached, rating_last,
	p_alive, CAST(p_alive_basis AS String) AS p_alive_basis, churn_risk, toFloat64(value_at_risk) AS at_risk, reason_codes,
	data_sufficiency, param_version, as_of,
	toInt32(toDate32(formatDateTime(as_of, '%F', if(time_zone = '', 'UTC', CAST(time_zone AS String))))) AS as_of_day
FROM customer_current FINAL WHERE customer_id = ? AND is_deleted = 0`

func readCustomer(ctx context.Context, conn driver.Conn, customer string) (*customerRow, error) {
	var row customerRow
	err := conn.QueryRow(ctx, customerQuery, customer).ScanStruct(&row)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, errNoRow
	case err != nil:
		return nil, fmt.Errorf("read the customer's row: %w", err)
	}
	return &row, nil
}

// document tells what the row holds.
func (r *customerRow) document(problem string) *explain.Document {
	d := &explain.Document{
		CustomerID: r.CustomerID, Source: explain.FromRow, AsOf: r.AsOf.UTC().Format(time.RFC3339),
		Note: problem + "; from the row of " + r.AsOf.UTC().Format(time.RFC3339), Day: explain.Day(event.Day(r.AsOfDay)),
		TimeZone: r.TimeZone, Segment: r.Segment, Level: r.Level, Lifecycle: r.Lifecycle, Ladder: r.Ladder,
		Facts: r.facts(), Alerts: []explain.Alert{}, Held: []string{}, Next: []explain.Next{},
		NoAlert: []string{"none is in the tables; why, and what silence brings next, only a running instance knows"},
		Model: explain.Model{Version: r.ParamVersion, Sufficiency: r.Sufficiency, Text: fmt.Sprintf("version %s; data: %s",
			r.ParamVersion, r.Sufficiency)},
	}
	d.Model.Fitted = r.Sufficiency != signal.NoFit.String()
	if r.ParamVersion == score.Unfitted {
		d.Model.Text = explain.DefaultModel(r.ParamVersion)
	}
	if r.LastDay != nil {
		d.Score = &explain.Score{PAlive: r.PAlive, PAliveBasis: r.PAliveBasis, ChurnRisk: r.ChurnRisk,
			ValueAtRisk: r.ValueAtRisk, Currency: r.Currency,
			Contributions: []explain.Contribution{}, ReasonCodes: r.ReasonCodes}
	}
	return d
}

// facts are what the row holds of what was counted.
func (r *customerRow) facts() (all []string) {
	if r.FirstDay != nil && r.LastDay != nil {
		all = append(all, explain.Orders(r.OrdersLife, r.PurchaseDays, event.Day(*r.FirstDay), event.Day(*r.LastDay))+", "+
			explain.Money(r.Currency, r.NetLife)+" in all, "+explain.Money(r.Currency, r.Net365)+" in the last 365 days",
			explain.Rhythm(r.Repeat, *r.LastDay-*r.FirstDay, max(0, r.AsOfDay-*r.LastDay)))
	} else {
		all = append(all, "has not bought anything yet")
	}
	if r.RefundsWaiting != 0 {
		all = append(all, explain.RefundsWaiting(r.Currency, r.RefundsWaiting))
	}
	all = append(all, explain.Visits(r.Visits30, r.Visits90))
	switch {
	case r.ComplaintsOpen > 0 && r.OldestOpenDays != nil:
		all = append(all, explain.OpenComplaints(r.ComplaintsOpen, *r.OldestOpenDays, r.SLABreached == 1))
	case r.Complaints90 > 0:
		all = append(all, explain.Counted(r.Complaints90, "complaint")+" in 90 days, none open")
	}
	if r.RatingLast != nil {
		all = append(all, fmt.Sprintf("the latest rating is %d of 5", *r.RatingLast))
	}
	if r.Lifecycle == signal.LifecycleClosed.String() {
		all = append(all, "has closed the account")
	}
	return all
}

// openAlerts returns the customer's open alerts as their latest messages tell them.
func openAlerts(ctx context.Context, conn driver.Conn, customer string) ([]explain.Alert, error) {
	rows, err := conn.Query(ctx, `SELECT alert_id, kind, level, raised_at, reason_texts, suppressed_reason
		FROM v_alerts_open WHERE customer_id = ? ORDER BY raised_at, kind, alert_id`, customer)
	if err != nil {
		return nil, fmt.Errorf("read the customer's alerts: %w", err)
	}
	alerts := []explain.Alert{}
	for rows.Next() {
		alert, raised := explain.Alert{Open: true, State: "told"}, time.Time{}
		if err := rows.Scan(&alert.AlertID, &alert.Kind, &alert.Level, &raised, &alert.Reasons,
			&alert.Suppressed); err != nil {
			return nil, errors.Join(fmt.Errorf("read the customer's alerts: %w", err), rows.Close())
		}
		if alert.RaisedAt = raised.UTC().Format(time.RFC3339); alert.Suppressed != "" {
			alert.State = "recorded, not delivered (" + explain.Suppressed(alert.Suppressed) + ")"
		}
		alerts = append(alerts, alert)
	}
	return alerts, errors.Join(rows.Err(), rows.Close())
}
