package modelcli

import (
	"encoding/json"
	"io"
	"math"

	"github.com/holdfast/holdfast/pipeline/population/fit"
)

// documentFormat names and versions the file that fit writes.
const documentFormat = "holdfast.fit.v1"

// document is a fitted model as a file, and as `fit -o json` prints it.
type document struct {
	Format         string              `json:"format"`
	Model          string              `json:"model"`
	Unit           string              `json:"unit"` // of every time
	Params         map[string]float64  `json:"params"`
	StandardErrors map[string]*float64 `json:"standard_errors,omitempty"` // null: none to be had
	// LogLikelihood is over the exact histories, CellsLogLikelihood over the
	// cells that were fitted.
	LogLikelihood      float64      `json:"log_likelihood"`
	CellsLogLikelihood float64      `json:"cells_log_likelihood"`
	Customers          float64      `json:"customers"`
	Repeaters          float64      `json:"repeaters"`
	Cells              int          `json:"cells"`
	CellsKind          string       `json:"cells_kind"`
	Until              string       `json:"until,omitempty"`
	Prior              string       `json:"prior"`
	MeanPAlive         *float64     `json:"mean_p_alive,omitempty"`
	Correlation        *float64     `json:"spend_correlation,omitempty"`
	DropoutIdentified  bool         `json:"dropout_identified"`
	Verdict            *fit.Verdict `json:"verdict,omitempty"`
	Guards             []fit.Guard  `json:"guards"`
	Starts             []fit.Start  `json:"starts,omitempty"`
	ByK                []byK        `json:"by_k,omitempty"`
	Calibration        *calibration `json:"calibration,omitempty"`
	Spend              *document    `json:"spend,omitempty"` // gamma-gamma beside a purchase model
}

// byK is one candidate of the choice of k.
type byK struct {
	K             int     `json:"k"`
	LogLikelihood float64 `json:"log_likelihood"`
}

// newDocument writes down a result.
func newDocument(r fit.Result) *document {
	d := &document{Format: documentFormat, Model: r.Model, Unit: "weeks",
		Params: map[string]float64{}, StandardErrors: map[string]*float64{},
		LogLikelihood: r.LogLikelihood, CellsLogLikelihood: r.LogLikelihood,
		Customers: r.Customers, Repeaters: r.Repeaters, Cells: r.Cells, CellsKind: "exact",
		Prior: "none", MeanPAlive: finite(r.MeanAlive), Correlation: finite(r.Correlation),
		DropoutIdentified: r.DropoutIdentified(), Verdict: &r.Verdict, Guards: r.Guards, Starts: r.Starts}
	if d.Guards == nil {
		d.Guards = []fit.Guard{}
	}
	for _, p := range r.Parameters {
		d.Params[p.Name] = p.Value
		d.StandardErrors[p.Name] = finite(p.StandardError)
	}
	if r.K > 0 {
		d.Params["k"] = float64(r.K)
	}
	return d
}

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func (d *document) write(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(d)
}
