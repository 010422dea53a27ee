package checkpoint_test

import (
	"reflect"
	"testing"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

// TestRhythmsOfInputs: the rhythms of inputs, and that visits are held, come back;
// an entry without them is one of before.
func TestRhythmsOfInputs(t *testing.T) {
	e := sampleEntry()
	before := len(e.Append(nil))
	e.Actions |= checkpoint.HoldActivity
	e.Inputs[0].Since, e.Inputs[0].Pause, e.Inputs[0].Doubt = 1_700_000_000_000_000, 18_000_000_000, 1_772_362_800_000_000
	e.Inputs[2].Since = -7
	value := e.Append(nil)
	read, err := checkpoint.DecodeEntry(value)
	if err != nil || !reflect.DeepEqual(read, e) {
		t.Errorf("read %+v, %v, want %+v", read, err, e)
	}
	if more := len(value) - before; more > 40 {
		t.Errorf("the rhythms of three inputs take %d bytes", more)
	}
	for cut := range value {
		if _, err := checkpoint.DecodeEntry(value[:cut]); err == nil {
			t.Fatalf("cut at %d it is read", cut)
		}
	}
}

// TestVolumesOfInputs: what is usual of visits, and since when they have dropped, comes
// back from the entry, or a restart would conclude from missing ones.
func TestVolumesOfInputs(t *testing.T) {
	e := sampleEntry()
	v := &e.Inputs[1].Volume
	v.Day, v.Since, v.Settled, v.Odd = 20_600, 20_597, true, 0b1110
	for i := range v.Recent {
		v.Recent[i] = uint32(1000 * i)
	}
	for i := range v.Usual {
		for k := range v.Usual[i] {
			v.Usual[i][k] = uint32(20_000 + 100*i + k)
		}
	}
	value := e.Append(nil)
	read, err := checkpoint.DecodeEntry(value)
	if err != nil || !reflect.DeepEqual(read, e) {
		t.Errorf("read %+v, %v, want %+v", read, err, e)
	}
	if more := len(value) - len(sampleEntryBytes()); more > 140 {
		t.Errorf("the volume of an input takes %d bytes", more)
	}
	for cut := range value {
		if _, err := checkpoint.DecodeEntry(value[:cut]); err == nil {
			t.Fatalf("cut at %d it is read", cut)
		}
	}
}

func sampleEntryBytes() []byte {
	e := sampleEntry()
	return e.Append(nil)
}
