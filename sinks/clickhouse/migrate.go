package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	schemas "github.com/holdfast/holdfast/schemas/clickhouse"
	"github.com/holdfast/holdfast/sinks/clickhouse/lexer"
)

// MigrateMode says what Migrate does.
type MigrateMode uint8

// Modes.
const (
	MigratePlan   MigrateMode = iota // what Up would run; changes nothing
	MigrateStatus                    // every step and whether it was applied; changes nothing
	MigrateUp                        // runs what was not applied
)

// Why a database is not migrated.
var (
	// ErrNewerSchema: a newer version has migrated this database.
	ErrNewerSchema = errors.New("database was migrated by a newer version")
	// ErrChangedMigration: a step was applied with another text than ours.
	ErrChangedMigration = errors.New("an applied migration differs from this version's")
)

// Step is one migration as Migrate sees it.
type Step struct {
	Number     uint32
	Name       string
	Checksum   string
	Applied    time.Time // zero where it was not applied when Migrate began
	Statements []string
}

const migrationsTable = `CREATE TABLE IF NOT EXISTS schema_migrations (
    number UInt32 COMMENT 'number of the migration',
    name String COMMENT 'its name',
    checksum String COMMENT 'SHA-256 of its text',
    applied_at DateTime64(3, 'UTC') COMMENT 'when it was applied'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY number
COMMENT 'migrations of the schema that were applied'`

// Migrate brings the connection's database to this version's schema (MigrateUp),
// or says what that would mean. The result is, in the order of numbers, every
// step (MigrateStatus) or those that were not applied before, or whose tables
// and views are gone since. Up may be
// repeated, also after it broke off in the middle, and running it twice at once
// does no harm: every statement may run again. Errors: ErrNewerSchema,
// ErrChangedMigration, and those of the server with the step's name.
func Migrate(ctx context.Context, conn driver.Conn, mode MigrateMode) ([]Step, error) {
	return migrate(ctx, conn, mode, schemas.Migrations())
}

func migrate(ctx context.Context, conn driver.Conn, mode MigrateMode, ours []schemas.Migration) ([]Step, error) {
	if mode == MigrateUp {
		if err := conn.Exec(ctx, migrationsTable); err != nil {
			return nil, fmt.Errorf("create schema_migrations: %w", err)
		}
	}
	steps, err := compare(ctx, conn, ours)
	if err != nil {
		return steps, err
	}
	if err := forgetRemoved(ctx, conn, steps); err != nil {
		return nil, fmt.Errorf("read system.tables: %w", err)
	}
	if mode == MigrateStatus {
		return steps, nil
	}
	pending := steps[:0]
	for _, step := range steps {
		if !step.Applied.IsZero() {
			continue
		}
		pending = append(pending, step)
		if mode == MigrateUp {
			if err := apply(ctx, conn, step); err != nil {
				return nil, err
			}
		}
	}
	return pending, nil
}

func apply(ctx context.Context, conn driver.Conn, step Step) error {
	for i, statement := range step.Statements {
		if err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("run statement %d of migration %d %s: %w", i+1, step.Number, step.Name, err)
		}
	}
	err := conn.Exec(ctx, "INSERT INTO schema_migrations (number, name, checksum, applied_at) SELECT ?, ?, ?, now64(3)",
		step.Number, step.Name, step.Checksum)
	if err != nil {
		return fmt.Errorf("record migration %d: %w", step.Number, err)
	}
	return nil
}

// compare puts our steps beside what the database says was applied.
func compare(ctx context.Context, conn driver.Conn, ours []schemas.Migration) ([]Step, error) {
	applied, err := readApplied(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("read schema_migrations: %w", err)
	}
	steps := make([]Step, 0, len(ours))
	for _, m := range ours {
		step := Step{Number: m.Number, Name: m.Name, Checksum: m.Checksum, Statements: lexer.Split(m.SQL)}
		if a, ok := applied[m.Number]; ok {
			if a.checksum != m.Checksum {
				return nil, fmt.Errorf("%w: number %d %s: restore its text, and put the change into a new migration",
					ErrChangedMigration, m.Number, m.Name)
			}
			step.Applied = a.at
			delete(applied, m.Number)
		}
		steps = append(steps, step)
	}
	if len(applied) > 0 {
		names := []string{}
		for _, number := range slices.Sorted(maps.Keys(applied)) {
			names = append(names, fmt.Sprintf("%d %s", number, applied[number].name))
		}
		return nil, fmt.Errorf("%w: it has %s: use the version that made them, or a later one",
			ErrNewerSchema, strings.Join(names, ", "))
	}
	return steps, nil
}

// creates is what a statement makes.
var creates = regexp.MustCompile(`(?m)^CREATE (?:TABLE IF NOT EXISTS|OR REPLACE VIEW) (\w+)`)

// forgetRemoved takes a step for not applied where a table or view that it makes
// is gone, and all after it, which may alter what it makes. Every statement may
// be run again.
func forgetRemoved(ctx context.Context, conn driver.Conn, steps []Step) error {
	there, err := tableNames(ctx, conn)
	if err != nil {
		return err
	}
	for i, step := range steps {
		for _, statement := range step.Statements {
			made := creates.FindStringSubmatch(statement)
			if made == nil || there[made[1]] {
				continue
			}
			for later := i; later < len(steps); later++ {
				steps[later].Applied = time.Time{}
			}
			return nil
		}
	}
	return nil
}

func tableNames(ctx context.Context, conn driver.Conn) (map[string]bool, error) {
	rows, err := conn.Query(ctx, "SELECT name FROM system.tables WHERE database = currentDatabase()")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names[name] = true
	}
	return names, rows.Err()
}

type appliedStep struct {
	name, checksum string
	at             time.Time
}

func readApplied(ctx context.Context, conn driver.Conn) (map[uint32]appliedStep, error) {
	applied := map[uint32]appliedStep{}
	var there uint64
	err := conn.QueryRow(ctx, `SELECT count() FROM system.tables
		WHERE database = currentDatabase() AND name = 'schema_migrations'`).Scan(&there)
	if err != nil || there == 0 {
		return applied, err
	}
	// Without FINAL two runs at once would show a step twice.
	rows, err := conn.Query(ctx, "SELECT number, name, checksum, applied_at FROM schema_migrations FINAL ORDER BY number")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var number uint32
		var a appliedStep
		if err := rows.Scan(&number, &a.name, &a.checksum, &a.at); err != nil {
			return nil, err
		}
		applied[number] = a
	}
	return applied, rows.Err()
}
