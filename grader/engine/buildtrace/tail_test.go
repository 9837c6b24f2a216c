package buildtrace

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	log := NewTail(10)
	for i := range 1000 {
		_, err := log.Write([]byte(strings.Repeat("x", i%7) + "|"))
		require.NoError(t, err)
		require.LessOrEqual(t, len(log.data), 30)
	}
	require.Len(t, log.String(), 10)
	require.Empty(t, (*Tail)(nil).String())
}
