package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/connect"
)

// errNoClickHouse is the answer of commands that read tables.
var errNoClickHouse = errors.New("ClickHouse is not configured → name it by --clickhouse or HOLDFAST_CLICKHOUSE_DSN")

// errNoDatabase says that the server is there and the database is not.
var errNoDatabase = errors.New("it does not exist")

// clickhouse connects and makes sure that the server answers; nil where
// ClickHouse is switched off.
func (c *cli) clickhouse(ctx context.Context, cfg *config.Loaded) (driver.Conn, error) {
	options, err := connect.ClickHouse(cfg.Sinks.ClickHouse, c.insecureDev, c.readFile)
	if err != nil {
		return nil, &coded{max(codeOf(err), exitInvalid), err}
	}
	if options == nil {
		return nil, nil
	}
	c.addToken(options)
	return c.openClickHouse(ctx, cfg, options)
}

// tables is clickhouse, for commands that cannot do without.
func (c *cli) tables(ctx context.Context, cfg *config.Loaded) (driver.Conn, error) {
	conn, err := c.clickhouse(ctx, cfg)
	if err == nil && conn == nil {
		err = errNoClickHouse
	}
	return conn, err
}

// openClickHouse connects with given options.
func (c *cli) openClickHouse(ctx context.Context, cfg *config.Loaded, options *driver.Options) (driver.Conn, error) {
	where := "ClickHouse at " + strings.Join(options.Addr, ",")
	conn, err := driver.Open(options)
	if err != nil {
		return nil, fmt.Errorf("make a client of %s: %w", where, err)
	}
	ping, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := conn.Ping(ping); err != nil {
		var refused *driver.Exception
		if errors.As(err, &refused) && refused.Code == unknownDatabase {
			return nil, errors.Join(fmt.Errorf("open the database %s: %w → create it with `holdfast migrate up`",
				options.Auth.Database, errNoDatabase), conn.Close())
		}
		return nil, errors.Join(unreachable(where, clickhouseFix(cfg), withPlainCause(err)), conn.Close())
	}
	return conn, nil
}

// unknownDatabase is ClickHouse's code for it.
const unknownDatabase = 81

// hasDatabase reports whether the server has the configured database; true where
// it does not say.
func (c *cli) hasDatabase(ctx context.Context, conn driver.Conn, cfg *config.Loaded) bool {
	var n uint64
	row := conn.QueryRow(ctx, "SELECT count() FROM system.databases WHERE name = ?", cfg.Sinks.ClickHouse.Database)
	err := row.Scan(&n)
	var refused *driver.Exception
	if errors.As(err, &refused) {
		return refused.Code != unknownDatabase
	}
	return err != nil || n > 0
}

// createDatabase makes the database where it is missing. It connects to the
// database that every server has, since one that does not exist cannot be
// connected to. Who may not create databases finds it made by others.
func (c *cli) createDatabase(ctx context.Context, cfg *config.Loaded) error {
	options, err := connect.ClickHouse(cfg.Sinks.ClickHouse, c.insecureDev, c.readFile)
	if err != nil || options == nil {
		return err
	}
	options.Auth.Database = "default"
	c.addToken(options)
	conn, err := c.openClickHouse(ctx, cfg, options)
	if err != nil {
		return err
	}
	// The name is a plain identifier by the configuration's check.
	err = conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS `"+cfg.Sinks.ClickHouse.Database+"`")
	if err != nil {
		err = fmt.Errorf("create the database %s: %w", cfg.Sinks.ClickHouse.Database, err)
	}
	return errors.Join(err, conn.Close())
}

func clickhouseFix(cfg *config.Loaded) string {
	if cfg.Origin("sinks.clickhouse.dsn") == config.FromDefault && cfg.Sinks.ClickHouse.DSNFile == "" {
		return "start the embedded engines with `holdfast engines`, name a server by --clickhouse or " +
			"HOLDFAST_CLICKHOUSE_DSN, or go without by --clickhouse off"
	}
	return "check that the server runs and that address, user and password are right"
}
