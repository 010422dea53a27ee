package civil

import (
	"errors"
	"time"
)

// errHostZone refuses the host's own zone.
var errHostZone = errors.New("the zone of the host differs from one to the next; write a name such as Europe/Berlin")

// Zone loads a time zone by its IANA name; "" is UTC. That of the host, "Local",
// is refused: the same file would say something else on another host.
func Zone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, errHostZone
	}
	return time.LoadLocation(name)
}
