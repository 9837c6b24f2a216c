package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// relayPython joins its standard input and output to a port of the container's own loopback, so
// that a program which listens there alone can still be asked: one fault costs its own check and no
// other.
const relayPython = `import socket,sys,threading
try: s=socket.create_connection(("127.0.0.1",int(sys.argv[1])))
except ConnectionRefusedError: s=socket.create_connection(("::1",int(sys.argv[1])))
def up():
    while True:
        d=sys.stdin.buffer.raw.read(65536)
        if not d: break
        s.sendall(d)
    s.shutdown(1)
threading.Thread(target=up,daemon=True).start()
while True:
    d=s.recv(65536)
    if not d: break
    sys.stdout.buffer.write(d); sys.stdout.buffer.flush()
`

// relayNode is the same for images that have Node and no Python.
const relayNode = `const net=require("net"),port=+process.argv[1]
const join=(host,refused)=>{const s=net.connect(port,host,()=>{process.stdin.pipe(s);s.pipe(process.stdout)
s.on("close",()=>setTimeout(()=>process.exit(0),50))});s.on("error",refused)}
join("127.0.0.1",()=>join("::1",()=>process.exit(1)))
`

// relays are the programs that may be in an image, with what they are asked to see whether they
// are, in the order in which they are taken.
var relays = []struct{ there, joins []string }{
	{[]string{"python3", "-c", ""}, []string{"python3", "-c", relayPython}},
	{[]string{"node", "-e", ""}, []string{"node", "-e", relayNode}},
	{[]string{"sh", "-c", "command -v nc"}, []string{"sh", "-c", `exec nc 127.0.0.1 "$0"`}},
	{[]string{"bash", "-c", ":"}, []string{"bash", "-c",
		`exec 3<>"/dev/tcp/127.0.0.1/$0"; cat <&3 & cat >&3; wait`}},
}

var errNoRelay = errors.New("the image has no program that could ask its own loopback")

// joins returns the command that joins its input and output to a port, which is its last argument.
func (c *container) joins(ctx context.Context) ([]string, error) {
	c.joining.Lock()
	defer c.joining.Unlock()
	for c.joined == nil && c.without < len(relays) {
		r := relays[c.without]
		out, err := c.exec(ctx, "", r.there)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil && !out.TimedOut && out.ExitCode == 0:
			c.joined = r.joins
		default:
			c.without++
		}
	}
	if c.joined == nil {
		return nil, errNoRelay
	}
	return c.joined, nil
}

// dialInside connects to a port of the container's loopback through a program inside.
func (c *container) dialInside(ctx context.Context, port int) (net.Conn, error) {
	api := c.session.engine.api
	command, err := c.joins(ctx)
	if err != nil {
		return nil, err
	}
	made, err := api.ExecCreate(ctx, c.id, client.ExecCreateOptions{AttachStdin: true, AttachStdout: true,
		AttachStderr: true, Cmd: append(slices.Clone(command), strconv.Itoa(port))})
	if err != nil {
		return nil, fmt.Errorf("making a relay: %w", err)
	}
	// the connection outlives the request for which it was made
	attached, err := api.ExecAttach(context.WithoutCancel(ctx), made.ID, client.ExecAttachOptions{})
	if err != nil {
		return nil, fmt.Errorf("starting a relay: %w", err)
	}
	ours, theirs := net.Pipe()
	go func() {
		_, _ = stdcopy.StdCopy(theirs, io.Discard, attached.Reader)
		theirs.Close()
	}()
	go func() {
		_, _ = io.Copy(attached.Conn, theirs)
		_ = attached.CloseWrite()
		time.Sleep(pollTime) // what is under way inside may still arrive
		attached.Close()
	}()
	return ours, nil
}
