package event

// ParseKind finds a kind by its name in the schemas. It does not allocate;
// this holds for all functions of this file. The empty name is in no list.
func ParseKind(name []byte) (Kind, bool) {
	return find[Kind](name, kindNames[:])
}

// ParseStatus finds a status of an order or of a complaint by its name.
func ParseStatus(name []byte) (Status, bool) { return find[Status](name, statusNames[:]) }

// ParseCategory finds a complaint's category by its name.
func ParseCategory(name []byte) (Category, bool) { return find[Category](name, categoryNames[:]) }

// ParseChannel finds a channel by its name.
func ParseChannel(name []byte) (Channel, bool) { return find[Channel](name, channelNames[:]) }

// ParseResolution finds a resolution by its name.
func ParseResolution(name []byte) (Resolution, bool) {
	return find[Resolution](name, resolutionNames[:])
}

// ParseClosureReason finds a closure reason by its name.
func ParseClosureReason(name []byte) (ClosureReason, bool) {
	return find[ClosureReason](name, closureNames[:])
}

// ParseOutcome finds an outcome of alert feedback by its name.
func ParseOutcome(name []byte) (Outcome, bool) { return find[Outcome](name, outcomeNames[:]) }

// find compares the name with each of a list. The lists are short and few of
// their names agree in length and first byte, so that this is about as fast as a
// hash table.
func find[T ~uint8](name []byte, names []string) (T, bool) {
	if len(name) == 0 {
		return 0, false
	}
	for i := 1; i < len(names); i++ {
		if n := names[i]; len(n) == len(name) && n[0] == name[0] && n == string(name) {
			return T(i), true
		}
	}
	return 0, false
}
