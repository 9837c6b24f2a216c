package engine

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	control "github.com/moby/buildkit/api/services/control"
	buildkit "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/grpcerrors"
	"github.com/moby/moby/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
)

// builder is how an engine is asked to build: by BuildKit's own protocol, over one connection that all builds share, or
// by Docker's POST /build where that is refused, as Podman and some proxies of the socket do.
type builder struct {
	client  *buildkit.Client // nil where it is refused
	refused string           // what was said then

	images atomic.Bool // POST /build cannot build without making an image
}

// connectTime is how long an engine may take to say whether it speaks BuildKit's protocol.
const connectTime = 10 * time.Second

func newBuilder(ctx context.Context, api client.APIClient) (*builder, error) {
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return api.DialHijack(ctx, "/grpc", "h2c", nil) }
	// An engine that was started again is to be found at once.
	patience := backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 2, MaxDelay: time.Second}
	c, err := buildkit.New(ctx, "", buildkit.WithContextDialer(dial), buildkit.WithGRPCDialOption(
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: patience, MinConnectTimeout: connectTime})))
	if err != nil {
		return nil, fmt.Errorf("making a client of BuildKit: %w", err)
	}
	asking, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	_, err = c.ControlClient().Info(asking, &control.InfoRequest{})
	if err == nil || grpcerrors.Code(err) == codes.Unimplemented { // of 20.10, which builds all the same
		return &builder{client: c}, nil
	}
	refused := err.Error()
	if _, reason, dialing := strings.Cut(refused, "rror while dialing: "); dialing {
		refused = strings.Trim(reason, `"`)
	}
	return &builder{refused: refused}, c.Close()
}

func (b *builder) close() error {
	if b.client == nil {
		return nil
	}
	return b.client.Close()
}

// Builder returns how this engine is asked to build, and why so where it is not the usual way.
func (e *Engine) Builder() string {
	if e.builder.client == nil {
		return "POST /build, since BuildKit's own protocol is refused: " + e.builder.refused
	}
	return "BuildKit's own protocol, /grpc"
}
