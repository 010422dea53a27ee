package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/population/refit"
)

// modelWithin is how long the demo waits for a fit of its whole history: a fit in
// the middle of it is followed by another, ten seconds later.
const modelWithin = 25 * time.Second

// awaitModel waits until a model that was fitted to the history is in force, and
// says what it says: step 3.
func (d *demonstration) awaitModel(ctx context.Context, until time.Time) error {
	began := d.now()
	days := int(until.Sub(d.begin()).Hours() / 24)
	if text, consequence := whyNoFit(&d.loaded.Score, d.flags.customers, days); text != "" {
		d.step(3, "model", text, began)
		d.say(consequence)
		return nil
	}
	week := until.AddDate(0, 0, -7)
	for d.now().Sub(began) < modelWithin {
		if model := d.board.modelFitted(); model != nil && !fittedThrough(model).Before(week) && d.isInForce(model) {
			d.step(3, "model", fmt.Sprintf("fitted to %d customers", model.Customers), began)
			d.say(modelWords(model, d.loaded.Money.Currency))
			return nil
		}
		if !pause(ctx) {
			return ctx.Err()
		}
	}
	d.step(3, "model", "none yet", began)
	d.say(d.instance.pipeline.Model())
	return nil
}

// whyNoFit says why no fit is to be waited for, and what follows from that; empty
// where one is.
func whyNoFit(score *config.Score, customers, days int) (text, consequence string) {
	const untold = "without one, nobody is told of a customer's silence"
	switch {
	case score.Params.Given():
		return "as configured", "score.params stand in place of a fit"
	case !score.Fit:
		return "none: score.fit is false", untold
	case customers < refit.MinCustomers || days <= refit.MinDays:
		return fmt.Sprintf("none: a fit takes %d customers over %d days", refit.MinCustomers, refit.MinDays), untold
	}
	return "", ""
}

// isInForce reports whether customers are judged by a model.
func (d *demonstration) isInForce(model *parameters.Record) bool {
	return strings.Contains(d.instance.pipeline.Model(), "version "+model.Version+" is in force")
}

// fittedThrough is the last day that a model was fitted to.
func fittedThrough(model *parameters.Record) time.Time {
	return time.Unix(int64(model.Through)*24*60*60, 0).UTC()
}

// modelWords says in plain words what a fitted model says of a shop.
func modelWords(model *parameters.Record, currency string) string {
	p := model.Purchase
	text := fmt.Sprintf("while they stay, customers buy every %.0f days on average", 7*p.Alpha/p.R)
	if s := model.Spend; s != nil && s.Q > 1 {
		text += fmt.Sprintf(", for %s %.0f", currency, s.P*s.Nu/(s.Q-1))
	}
	switch leaves := p.A / (p.A + p.B); {
	case !model.DropoutIdentified:
		text += "; who has left cannot be told from who pauses"
	case leaves > 0.6:
		text += fmt.Sprintf("; %.0f %% leave after the first purchase", leaves*100)
	default:
		text += fmt.Sprintf("; after the first purchase 1 in %.0f leaves", math.Round(1/leaves))
	}
	if model.Activity != nil {
		text += "; visits count as signs of life"
	}
	return text
}
