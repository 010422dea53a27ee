package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Open prepares a connection to the address in dsn (http, https, clickhouse or
// tcp); database, if not empty, stands in for the address's own. It dials on
// first use: a server that is away shows then. The caller closes it.
func Open(dsn, database string) (driver.Conn, error) {
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		// The driver's words may hold the address, and with it a password.
		return nil, fmt.Errorf("%w: the ClickHouse address cannot be understood", ErrConfig)
	}
	if database != "" {
		options.Auth.Database = database
	}
	if options.DialTimeout == 0 || options.DialTimeout > 10*time.Second {
		options.DialTimeout = 10 * time.Second // also the wait for a pooled connection
	}
	if options.Compression == nil {
		options.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return nil, fmt.Errorf("open ClickHouse: %w", err)
	}
	return conn, nil
}

// CreateDatabase creates the database if it is not there, over a connection to
// the server's default one. Everything else here needs it to be there.
func CreateDatabase(ctx context.Context, dsn, database string) error {
	conn, err := Open(dsn, "default")
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing was left unsaid on it
	if err := conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS {name:Identifier}", clickhouse.Named("name", database)); err != nil {
		return fmt.Errorf("create database %s: %w", database, err)
	}
	return nil
}
