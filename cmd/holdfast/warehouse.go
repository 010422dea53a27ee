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
	where := "ClickHouse at " + strings.Join(options.Addr, ",")
	conn, err := driver.Open(options)
	if err != nil {
		return nil, fmt.Errorf("make a client of %s: %w", where, err)
	}
	ping, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := conn.Ping(ping); err != nil {
		return nil, errors.Join(unreachable(where, clickhouseFix(cfg), plainly(err)), conn.Close())
	}
	return conn, nil
}

func clickhouseFix(cfg *config.Loaded) string {
	if cfg.Origin("sinks.clickhouse.dsn") == config.FromDefault && cfg.Sinks.ClickHouse.DSNFile == "" {
		return "start the embedded engines with `holdfast engines`, name a server by --clickhouse or HOLDFAST_CLICKHOUSE_DSN, or go without by --clickhouse off"
	}
	return "check that the server runs and that address, user and password are right"
}
