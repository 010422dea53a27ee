package workload

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
)

// ReadPurchases turns a purchase log into events: rows of CSV with the columns
// cust, date (YYYY-MM-DD) and cents, others ignored. A purchase is one order
// at 12:00 UTC of its date; order and event id are <name>/<row>, rows counted
// from 1 without the header. The items are in order of time, rows of one day
// in the order of the file. It fails at the first row that is not such.
func ReadPurchases(name string, r io.Reader, currency string) ([]Item, error) {
	reader := csv.NewReader(r)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("read the header of %s: %w", name, err)
	}
	var columns [3]int
	for i, column := range []string{"cust", "date", "cents"} {
		if columns[i] = slices.Index(header, column); columns[i] < 0 {
			return nil, fmt.Errorf("read the header of %s: no column %q", name, column)
		}
	}
	var items []Item
	for n := 1; ; n++ {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read row %d of %s: %w", n, name, err)
		}
		date, err := time.Parse(time.DateOnly, row[columns[1]])
		if err != nil {
			return nil, fmt.Errorf("read row %d of %s: %w", n, name, err)
		}
		cents, err := strconv.ParseInt(row[columns[2]], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read row %d of %s: %w", n, name, err)
		}
		customer, id := row[columns[0]], name+"/"+strconv.Itoa(n)
		at := InstantOf(date) + 12*event.Hour
		b := begin(nil, event.Purchase, id, at, customer)
		b = appendText(b, "kind", "order")
		b = appendText(b, "order_id", id)
		b = appendText(b, "currency", currency)
		b = appendNumber(b, "amount_net", cents)
		items = append(items, Item{Topic: event.Purchase, Key: []byte(customer), Value: append(b, '}'), At: at})
	}
	slices.SortStableFunc(items, func(a, b Item) int { return int(dayOf(a.At) - dayOf(b.At)) })
	return items, nil
}
