// Command bench measures what the whole path costs beside a bare fetch of the
// same records in the same minute, and prints one table: each system beside the
// fetch, as a ratio, with the memory that it took. Options
// are environment variables, all of them printed:
//
//	BENCH_CUSTOMERS  customers, uniform (1000000)
//	BENCH_EVENTS     events of one round (3000000)
//	BENCH_ROUNDS     interleaved rounds (5; 0 leaves them out, and without BENCH_GROW only sizes are printed)
//	BENCH_STEP       event time from one event to the next (2ms)
//	BENCH_GROW       customers of the run that grows from 0 (5000000; 0 leaves it out)
//	BENCH_PROFILE    a directory for CPU profiles of the systems under test (none)
//
// With the argument "shipped" it measures the program that ships instead, see
// shipped.go.
//
// The broker, this driver and every system under test are processes of their
// own: the systems share one core, one at a time, the rest has the others.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devkafka"
)

func main() {
	devclickhouse.MaybeRunChild()
	if ran, code := devkafka.MaybeRunChild(); ran {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := drive
	if len(os.Args) > 1 && os.Args[1] == "shipped" {
		run = driveShipped
	}
	if _, is := os.LookupEnv(childVariable); is {
		run = runChild
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
