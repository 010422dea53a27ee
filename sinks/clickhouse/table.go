package clickhouse

import (
	"strings"

	"github.com/holdfast/holdfast/pipeline/signal"
)

// table is a ClickHouse table that an outbox table's rows go to.
type table struct {
	name    string
	columns []signal.ColumnSpec
	pick    []int // place of each column among the outbox table's

	// what the identity of a row rests on
	engine     string
	sortingKey string
	version    string // arguments of the engine
	partition  string

	insert string
}

// tablesOf gives where rows of an outbox table go; none for a table that this
// version does not know.
func tablesOf(t signal.Table) []table {
	switch t {
	case signal.TableCustomer:
		return []table{
			newTable("customer_current", t, false, "customer_id", "seq, is_deleted", ""),
			newTable("score_history", t, true, "customer_id, as_of, src_partition, seq", "seq", "toYYYYMM(as_of)"),
		}
	case signal.TableAlert:
		return []table{newTable("alert_event", t, false, "kind, raised_at, alert_id, alert_seq", "seq",
			"toYYYYMM(raised_at)")}
	case signal.TableModel:
		return []table{newTable("model_params", t, false, "param_version, model, src_partition, seq", "seq", "")}
	case signal.TableQuality:
		return []table{newTable("data_quality", t, false, "day, finding, src_partition, epoch", "seq", "")}
	}
	return nil
}

// outboxTables are all tables that a block may be of.
var outboxTables = []signal.Table{signal.TableCustomer, signal.TableAlert, signal.TableModel, signal.TableQuality}

func newTable(name string, of signal.Table, historyOnly bool, key, version, partition string) table {
	t := table{name: name, engine: "ReplacingMergeTree", sortingKey: key, version: version, partition: partition}
	names := []string{}
	for i, c := range columnsOf(of) {
		if historyOnly && !c.History {
			continue
		}
		t.columns = append(t.columns, c)
		t.pick = append(t.pick, i)
		names = append(names, "`"+c.Name+"`")
	}
	t.insert = "INSERT INTO " + name + " (" + strings.Join(names, ", ") + ")"
	return t
}
