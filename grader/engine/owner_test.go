package engine

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDead(t *testing.T) {
	me, err := self()
	require.NoError(t, err)
	ended := exec.Command("true")
	require.NoError(t, ended.Run())
	for _, c := range []struct {
		name   string
		change func(*owner)
		dead   bool
	}{
		{"this process", func(*owner) {}, false},
		{"a process that has ended", func(o *owner) { o.pid = ended.Process.Pid }, true},
		{"another process that had this one's number", func(o *owner) { o.start = "1" }, true},
		{"a process whose start is not known", func(o *owner) { o.start = unknownStart }, false},
		{"a process of an earlier boot", func(o *owner) { o.boot = "earlier" }, true},
		{"a process of another machine", func(o *owner) { o.host, o.pid = "other", ended.Process.Pid }, false},
		{"a process in a container of this machine", func(o *owner) { o.space, o.pid = "container", ended.Process.Pid }, false},
	} {
		o := me
		c.change(&o)
		assert.Equal(t, c.dead, o.dead(me), c.name)
	}
}

func TestOwnerOf(t *testing.T) {
	me, err := self()
	require.NoError(t, err)
	o, ok := ownerOf(me.labels())
	assert.True(t, ok)
	assert.Equal(t, me, o)
	o, ok = ownerOfTag(repository + me.String() + ":n1-lesson")
	assert.True(t, ok)
	assert.Equal(t, me, o)
	for _, tag := range []string{"python:3.12-slim", repository + "other:tag", repository + "a-b-c-d-e:tag"} {
		_, ok := ownerOfTag(tag)
		assert.False(t, ok, tag)
	}
}
