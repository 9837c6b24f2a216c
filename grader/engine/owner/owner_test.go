package owner

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDead(t *testing.T) {
	me, err := Self()
	require.NoError(t, err)
	ended := exec.Command("true")
	require.NoError(t, ended.Run())
	for _, c := range []struct {
		name   string
		change func(*Owner)
		dead   bool
	}{
		{"this process", func(*Owner) {}, false},
		{"a process that has ended", func(o *Owner) { o.PID = ended.Process.Pid }, true},
		{"another process that had this one's number", func(o *Owner) { o.start = "1" }, true},
		{"a process whose start is not known", func(o *Owner) { o.start = unknownStart }, false},
		{"a process of an earlier boot", func(o *Owner) { o.boot = "earlier" }, true},
		{"a process of another machine", func(o *Owner) { o.host, o.PID = "other", ended.Process.Pid }, false},
		{"a process in a container of this machine", func(o *Owner) { o.space, o.PID = "container", ended.Process.Pid },
			false},
	} {
		o := me
		c.change(&o)
		assert.Equal(t, c.dead, o.Dead(me), c.name)
	}
}

func TestOf(t *testing.T) {
	me, err := Self()
	require.NoError(t, err)
	o, ok := Of(me.Labels())
	assert.True(t, ok)
	assert.Equal(t, me, o)
	o, ok = OfTag(me.Tag("n1-lesson"))
	assert.True(t, ok)
	assert.Equal(t, me, o)
	for _, tag := range []string{"python:3.12-slim", repository + "other:tag", repository + "a-b-c-d-e:tag"} {
		_, ok := OfTag(tag)
		assert.False(t, ok, tag)
	}
}

// TestOfName: whose a container is, its name says: an image may give its container any labels.
func TestOfName(t *testing.T) {
	me, err := Self()
	require.NoError(t, err)
	got, ok := OfName("/" + me.Name(7))
	require.True(t, ok)
	require.Equal(t, me, got)
	for _, name := range []string{"", "/web", "/taskgrader-", "/taskgrader-x-1", "/other-" + me.String() + "-1"} {
		_, ok := OfName(name)
		require.False(t, ok, name)
	}
}
