package devclickhouse_test

import (
	"os"
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

func TestMain(m *testing.M) {
	enginetest.MaybeRunChild()
	if role := os.Getenv(hostVariable); role != "" {
		os.Exit(runHost(role))
	}
	enginetest.Main(m)
}
