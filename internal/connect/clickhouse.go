package connect

import (
	"fmt"
	"net/url"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/holdfast/holdfast/internal/config"
)

// ClickHouse returns the options of a client, or nil where ClickHouse is not
// configured. The database of the configuration stands above that of the
// address. Errors never hold the address: it may carry a password.
func ClickHouse(settings config.ClickHouse, insecureDev bool, read config.FileReader) (*clickhouse.Options, error) {
	if !settings.On() {
		return nil, nil
	}
	address, err := settings.Address(read, insecureDev)
	if err != nil {
		return nil, err
	}
	options, err := clickhouse.ParseDSN(secured(address))
	if err != nil {
		return nil, fmt.Errorf("read the ClickHouse address %s: a setting in it is not known or has a wrong form",
			config.RedactDSN(address))
	}
	options.Auth.Database = settings.Database
	options.ClientInfo.Products = append(options.ClientInfo.Products, struct{ Name, Version string }{"holdfast", "1"})
	return options, nil
}

// secured says twice that https is encrypted, as the driver wants to hear it.
func secured(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "https" || parsed.Query().Has("secure") {
		return address
	}
	query := parsed.Query()
	query.Set("secure", "true")
	parsed.RawQuery = query.Encode()
	return parsed.String()
}
