package clickhouse

import (
	"testing"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }
