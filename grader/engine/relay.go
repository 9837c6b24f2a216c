package engine

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// relayProgram joins its standard input and output to a port of the container's own loopback, so
// that a program which listens there alone can still be asked: one fault costs its own check and no
// other.
const relayProgram = `import socket,sys,threading
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

// dialInside connects to a port of the container's loopback through a program inside. Images
// without Python cannot be asked this way.
func (c *container) dialInside(ctx context.Context, port int) (net.Conn, error) {
	api := c.session.engine.api
	made, err := api.ExecCreate(ctx, c.id, client.ExecCreateOptions{AttachStdin: true, AttachStdout: true,
		AttachStderr: true,
		Cmd:          []string{"python3", "-c", relayProgram, strconv.Itoa(port)}})
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
