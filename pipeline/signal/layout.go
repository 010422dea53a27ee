package signal

import "fmt"

// Layout says where the columns of the customer table lie in a Row. It is made
// once and read only from then on.
type Layout struct {
	fields []field // in the order of their ids
	places []int16 // of a column among the fields, by id; -1 where there is none
	words  int     // of a row's image
	bytes  int     // texts of a row, and lists of codes
	names  int     // texts of few values
}

// NewLayout lays columns out in the order of their ids. Columns that a row
// cannot hold are an error in our code, so it panics: an id twice or beyond
// MaxBlockColumns, a name twice, a type that only the other tables have.
func NewLayout(columns []ColumnSpec) *Layout {
	l := &Layout{places: make([]int16, MaxBlockColumns+1)}
	byID := make([]*ColumnSpec, MaxBlockColumns+1)
	known := map[string]bool{}
	for i := range columns {
		c := &columns[i]
		if c.ID == 0 || c.ID > MaxBlockColumns || byID[c.ID] != nil || known[c.Name] {
			panic(fmt.Sprintf("signal: column %s with id %d: ids and names belong to one column each", c.Name, c.ID))
		}
		byID[c.ID], known[c.Name] = c, true
	}
	for id, c := range byID {
		l.places[id] = -1
		if c != nil {
			l.places[id] = int16(len(l.fields))
			l.fields = append(l.fields, l.place(*c))
		}
	}
	// Behind the values, a byte each says which are defined.
	defined := 8 * l.words
	for i := range l.fields {
		if l.fields[i].spec.Null {
			l.fields[i].valid = uintptr(defined)
			defined++
		}
	}
	l.words = (defined + 7) / 8
	return l
}

// place finds room for a column.
func (l *Layout) place(c ColumnSpec) field {
	if c.Name == "" || c.Doc == "" || c.Type == 0 || c.Type >= typeEnd || c.Type == TypeTexts {
		panic(fmt.Sprintf("signal: column %q of type %s cannot stand in a row", c.Name, c.Type))
	}
	isEnum := c.Type == TypeEnum || c.Type == TypeEnums
	if isEnum != (c.EnumName != nil) || (c.Type == TypeCounts) != (c.Elements > 0) {
		panic(fmt.Sprintf("signal: column %s: names are for enumerations, elements for counts", c.Name))
	}
	f := newField(c)
	f.offset = uintptr(8 * l.words)
	l.words++
	switch f.shape {
	case shapeBytes, shapeEnumList:
		f.slot = l.bytes
		l.bytes++
	case shapeInterned:
		f.slot = l.names
		l.names++
	case shapeArray:
		l.words += (c.Elements+1)/2 - 1
	case shapeNumber:
		f.width = 8
	case shapeEnum, shapeString, shapeTextList: // a word is all
	}
	if c.Null && f.shape != shapeNumber {
		panic(fmt.Sprintf("signal: column %s may not be undefined", c.Name))
	}
	return f
}

// Columns returns the columns in the order of their ids.
func (l *Layout) Columns() []ColumnSpec {
	specs := make([]ColumnSpec, len(l.fields))
	for i := range l.fields {
		specs[i] = l.fields[i].spec
	}
	return specs
}

// Find returns the column of a name; false where there is none. O(columns).
func (l *Layout) Find(name string) (ColumnSpec, bool) {
	for i := range l.fields {
		if l.fields[i].spec.Name == name {
			return l.fields[i].spec, true
		}
	}
	return ColumnSpec{}, false
}

// field returns a column that must be of a type.
func (l *Layout) field(id ColumnID, of Type) *field {
	if int(id) < len(l.places) && l.places[id] >= 0 {
		if f := &l.fields[l.places[id]]; f.spec.Type == of {
			return f
		}
	}
	panic(fmt.Sprintf("signal: column %d is no %s", id, of))
}
