package main

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// profile is a kind of customer, by what it does in a year.
type profile struct {
	title                         string
	purchases, visits, complaints int
	categories                    uint64 // that its orders name, two each in turn
}

// printSizes prints the memory of one record of some kinds of customers.
func printSizes(w io.Writer) error {
	fmt.Fprintln(w)
	for _, p := range []profile{
		{"bought once, one visit", 1, 1, 0, 0},
		{"typical: 4 purchases, 20 visits, 1 complaint a year", 4, 20, 1, 0},
		{"typical, of 4 categories", 4, 20, 1, 4},
		{"busy: 50 purchases, 200 visits, 6 complaints a year", 50, 200, 6, 0},
		{"busy, of 12 categories", 50, 200, 6, 12},
	} {
		core, side, err := p.bytes()
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "customer, %s: core %.0f + side %.0f bytes, index and id included\n", p.title, core, side)
	}
	return nil
}

// bytes lets many customers of the kind live through a year.
func (p *profile) bytes() (core, side float64, err error) {
	const customers = 4096
	cfg, err := rules()
	if err != nil {
		return 0, 0, err
	}
	s := shard.New(cfg)
	meta := signal.Meta{Currency: "EUR", CurrencyExponent: 2, TimeZone: "UTC"}
	fx := shard.Effects{Customers: score.NewCustomerBlock(meta), AlertRows: signal.NewAlertBlock(meta),
		Models: signal.NewModelBlock(meta), Quality: signal.NewQualityBlock(meta)}
	first := event.Instant(20_000) * event.Day24h
	n := uint64(0)
	for day := range event.Instant(365) {
		b := shard.Batch{Number: uint64(day) + 1, Clock: first + day*event.Day24h}
		for c := range uint64(customers) {
			// Spread over the year, each customer beginning elsewhere.
			slot := (int(day) + int(c%365)) % 365
			for i, each := range []int{p.purchases, p.visits, p.complaints} {
				if (slot+1)*each/365 > slot*each/365 {
					n++
					// To the millisecond, as producers write it: rounder times take less room.
					at := b.Clock + event.Hour + event.Instant(n*7919%3_600_000)*event.Millisecond
					b.Events = append(b.Events, happened(inputs[i].kind, c, n, at))
					if p.categories > 0 && inputs[i].kind == event.Purchase {
						e := &b.Events[len(b.Events)-1]
						for k := range uint64(2) {
							e.Categories = event.AppendCategory(e.Categories, fmt.Append(nil, (2*uint64(day)/7+k)%p.categories))
						}
					}
				}
			}
		}
		if err := s.Apply(&b, &fx); err != nil {
			return 0, 0, fmt.Errorf("measure records: %w", err)
		}
		s.Commit()
		fx.Alerts, fx.Sealed = fx.Alerts[:0], fx.Sealed[:0]
		fx.Customers.Reset(meta)
		fx.AlertRows.Reset(meta)
	}
	slab := s.Slab()
	held := float64(slab.Len())
	sideBytes := float64(slab.SideBytes())
	return (float64(slab.Bytes()) - sideBytes) / held, sideBytes / held, nil
}

func happened(kind event.Type, customer, n uint64, at event.Instant) event.Event {
	id := fmt.Appendf(nil, "c-%011d", customer)
	hash := xxhash.Sum64(binary.LittleEndian.AppendUint64(nil, n))
	e := event.Event{Type: kind, OccurredAt: at, RecordTime: at, CustomerID: id, CustomerHash: xxhash.Sum64(id),
		EventHash: hash}
	switch kind {
	case event.Purchase:
		e.Kind, e.OrderHash, e.AmountNet, e.Currency = event.Order, hash, 5000, [3]byte{'E', 'U', 'R'}
	case event.Visit:
		e.Kind = event.Session
	case event.Complaint:
		e.Kind, e.Status, e.ComplaintHash, e.Severity = event.ComplaintMade, event.Resolved, hash, 2
		e.Category = event.CategoryOther
	default:
		panic("an event type that is not measured")
	}
	return e
}
