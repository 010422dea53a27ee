package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

const explainHelp = `Say in words what is known of a customer: the facts, the score with its reasons,
the open alerts, and what silence will change next. It reads the row in
ClickHouse and evaluates the model at the row's moment, or at --at.`

func (c *cli) explainCommand() *cobra.Command {
	var at string
	command := &cobra.Command{
		Use: "explain CUSTOMER", Short: "Say what is known of a customer, and why", Long: explainHelp,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return c.explain(command.Context(), args[0], at)
		},
	}
	command.Flags().StringVar(&at, "at", "", "judge as of this day, YYYY-MM-DD (default: the row's moment)")
	c.clickhouseFlags(command)
	return command
}

// errNoCustomer is the answer where the customer has no row.
var errNoCustomer = errors.New("no row is about this customer: the id may be wrong, or its events may not be loaded " +
	"yet (`holdfast wait --caught-up`)")

func (c *cli) explain(ctx context.Context, customer, at string) error {
	loaded, err := c.setup()
	if err != nil {
		return err
	}
	conn, err := c.tables(ctx, loaded)
	if err != nil {
		return err
	}
	defer conn.Close()
	row, err := readCustomer(ctx, conn, customer)
	if err != nil {
		return err
	}
	parameters, err := scoreParameters(&loaded.Config)
	if err != nil {
		return &coded{exitInvalid, err}
	}
	if err := parametersOf(ctx, conn, row.ParamVersion, parameters); err != nil {
		return err
	}
	explained, err := explanationOf(row, parameters, at)
	if err != nil {
		return err
	}
	if explained.Alerts, err = openAlerts(ctx, conn, customer); err != nil {
		return err
	}
	if c.output == "json" {
		return c.printJSON(explained)
	}
	return explained.write(c.stdout)
}

// customerRow is what explain reads of customer_current; days are counted from
// 1970, amounts are in major units.
type customerRow struct {
	CustomerID        string    `ch:"customer_id"`
	Segment           string    `ch:"segment"`
	Currency          string    `ch:"currency"`
	TimeZone          string    `ch:"time_zone"`
	Level             string    `ch:"level"`
	Lifecycle         string    `ch:"lifecycle_state"`
	Ladder            string    `ch:"ladder_stage"`
	FirstDay          *int32    `ch:"first_day"`
	LastDay           *int32    `ch:"last_day"`
	Repeat            uint32    `ch:"frequency_repeat"`
	OrdersLife        uint32    `ch:"orders_life"`
	PurchaseDays      uint32    `ch:"purchase_days_life"`
	NetLife           float64   `ch:"net_life"`
	Net365            float64   `ch:"net_365"`
	RefundsWaiting    float64   `ch:"refunds_waiting"`
	Visits30          uint32    `ch:"visits_30d"`
	Visits90          uint32    `ch:"visits_90d"`
	ComplaintsOpen    uint32    `ch:"complaints_open"`
	Complaints90      uint32    `ch:"complaints_90d"`
	OldestOpenDays    *uint32   `ch:"oldest_open_complaint_days"`
	SLABreached       uint8     `ch:"complaint_sla_breached"`
	RatingLast        *uint8    `ch:"rating_last"`
	PAlive            *float64  `ch:"p_alive"`
	PReturn90         *float64  `ch:"p_return_90d"`
	ChurnRisk         *float64  `ch:"churn_risk"`
	ValueAtRisk       *float64  `ch:"at_risk"`
	ReasonCodes       []string  `ch:"reason_codes"`
	DropoutIdentified uint8     `ch:"dropout_identified"`
	Sufficiency       string    `ch:"data_sufficiency"`
	ParamVersion      string    `ch:"param_version"`
	AsOf              time.Time `ch:"as_of"`
	AsOfDay           int32     `ch:"as_of_day"`
}

const customerQuery = `SELECT customer_id, segment, currency, time_zone, level, lifecycle_state, ladder_stage,
	toInt32(first_purchase_day) AS first_day, toInt32(last_purchase_day) AS last_day, frequency_repeat, orders_life,
	purchase_days_life, toFloat64(monetary_net_life) AS net_life, toFloat64(monetary_net_365d) AS net_365,
	toFloat64(refunds_waiting_net) AS refunds_waiting,
	visits_30d, visits_90d, complaints_open, complaints_90d, oldest_open_complaint_days, complaint_sla_breached, rating_last,
	p_alive, p_return_90d, churn_risk, toFloat64(value_at_risk) AS at_risk, reason_codes, dropout_identified,
	data_sufficiency, param_version, as_of,
	toInt32(toDate32(formatDateTime(as_of, '%F', if(time_zone = '', 'UTC', CAST(time_zone AS String))))) AS as_of_day
FROM customer_current FINAL WHERE customer_id = ? AND is_deleted = 0`

func readCustomer(ctx context.Context, conn driver.Conn, customer string) (customerRow, error) {
	var row customerRow
	err := conn.QueryRow(ctx, customerQuery, customer).ScanStruct(&row)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return row, errNoCustomer
	case err != nil:
		return row, fmt.Errorf("read the customer's row: %w", err)
	}
	return row, nil
}

// parametersOf puts the parameters by which the row was scored in the place of
// the configured ones.
func parametersOf(ctx context.Context, conn driver.Conn, version string, parameters *score.Parameters) error {
	var r, alpha, a, b *float64
	var k uint32
	err := conn.QueryRow(ctx, `SELECT r, alpha, a, b, k FROM model_params FINAL
		WHERE param_version = ? AND model = 'purchase' LIMIT 1`, version).Scan(&r, &alpha, &a, &b, &k)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (r == nil || alpha == nil || a == nil || b == nil) {
		return nil // not loaded yet: the configured ones are the best there is
	}
	if err != nil {
		return fmt.Errorf("read the model's parameters: %w", err)
	}
	parameters.Purchase = btyd.MBGNBD{R: *r, Alpha: *alpha, A: *a, B: *b}
	parameters.K, parameters.Version = int(k), version
	if err := parameters.Prepare(); err != nil {
		return fmt.Errorf("use the model's parameters: %w", err)
	}
	return nil
}

// openAlerts returns the customer's open alerts in words.
func openAlerts(ctx context.Context, conn driver.Conn, customer string) ([]explainedAlert, error) {
	rows, err := conn.Query(ctx, `SELECT kind, level, toString(raised_at), reason_texts, suppressed_reason
		FROM v_alerts_open WHERE customer_id = ? ORDER BY raised_at`, customer)
	if err != nil {
		return nil, fmt.Errorf("read the customer's alerts: %w", err)
	}
	alerts := []explainedAlert{}
	for rows.Next() {
		var alert explainedAlert
		if err := rows.Scan(&alert.Kind, &alert.Level, &alert.RaisedAt, &alert.Reasons, &alert.Suppressed); err != nil {
			return nil, errors.Join(fmt.Errorf("read the customer's alerts: %w", err), rows.Close())
		}
		alerts = append(alerts, alert)
	}
	return alerts, errors.Join(rows.Err(), rows.Close())
}

// explainedAlert is an open alert.
type explainedAlert struct {
	Kind       string   `json:"kind"`
	Level      string   `json:"level"`
	RaisedAt   string   `json:"raised_at"`
	Reasons    []string `json:"reasons"`
	Suppressed string   `json:"suppressed_reason,omitempty"`
}

// dayText writes a day counted from 1970.
func dayText(day event.Day) string {
	return time.Unix(int64(day)*86400, 0).UTC().Format(time.DateOnly)
}

// money words an amount in major units.
func money(currency string, amount float64) string { return fmt.Sprintf("%s %.2f", currency, amount) }

func writeLines(w io.Writer, lines []string) error {
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}
