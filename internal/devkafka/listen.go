package devkafka

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// ErrPortTaken says that the wanted port is in use and must be exact.
var ErrPortTaken = errors.New("port is in use")

const loopback = "127.0.0.1"

// listeners are sockets opened before the engine starts, so that a taken port
// is known and nobody can take it in between.
type listeners struct {
	open []net.Listener
	host string
}

// next hands the engine its sockets, in order of brokers; brokers that are
// added later get a free port.
func (l *listeners) next(network, _ string) (net.Listener, error) {
	if len(l.open) == 0 {
		return net.Listen(network, net.JoinHostPort(l.host, "0"))
	}
	first := l.open[0]
	l.open = l.open[1:]
	return first, nil
}

// close drops what the engine has not taken.
func (l *listeners) close() {
	for _, listener := range l.open {
		listener.Close()
	}
}

// listen opens one socket a broker. taken is the wanted address where its port
// was in use.
func listen(options Options) (sockets *listeners, taken string, err error) {
	host, port, err := splitAddress(options.Listen)
	if err != nil {
		return nil, "", err
	}
	sockets = &listeners{host: host}
	for broker := range options.Brokers {
		wanted := net.JoinHostPort(host, "0")
		if broker == 0 {
			wanted = net.JoinHostPort(host, port)
		}
		listener, err := net.Listen("tcp", wanted)
		if errors.Is(err, syscall.EADDRINUSE) && broker == 0 && port != "0" {
			if options.ExactPort {
				return nil, "", fmt.Errorf("listen on %s: %w", wanted, ErrPortTaken)
			}
			taken = wanted
			listener, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
		}
		if err != nil {
			sockets.close()
			return nil, "", fmt.Errorf("listen on %s: %w", wanted, err)
		}
		sockets.open = append(sockets.open, listener)
	}
	return sockets, taken, nil
}

func splitAddress(address string) (host, port string, err error) {
	if address == "" {
		return loopback, "0", nil
	}
	host, port, err = net.SplitHostPort(address)
	if err != nil {
		return "", "", fmt.Errorf("read listen address %q: %w", address, err)
	}
	if host == "" {
		host = loopback
	}
	if port == "" {
		port = "0"
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return "", "", fmt.Errorf("read listen address %q: name one interface, clients are sent to this address", address)
	}
	return host, port, nil
}
