// Command holdfast tells who is about to leave and who is becoming loyal, from
// what customers do. See holdfast --help.
package main

import (
	"context"
	"os"

	"github.com/holdfast/holdfast/internal/devclickhouse"
	"github.com/holdfast/holdfast/internal/devkafka"
)

func main() {
	// The embedded engines run in children, which are this program again.
	devclickhouse.MaybeRunChild()
	if ran, code := devkafka.MaybeRunChild(); ran {
		os.Exit(code)
	}
	os.Exit(execute(context.Background(), fromProcess(), os.Args[1:]))
}
