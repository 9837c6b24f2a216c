package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
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

// builder is how an engine is asked to build: by BuildKit's own protocol, over one connection that
// all builds share, or by Docker's POST /build where that is refused, as Podman and some proxies of
// the socket do.
type builder struct {
	client  *buildkit.Client // nil where it is refused
	refused string           // what was said then

	images atomic.Bool // POST /build cannot build without making an image
}

const (
	connectTime = 15 * time.Second       // an engine may take so long to say whether it speaks BuildKit's protocol
	dialTime    = 5 * time.Second        // for one connection
	redialTime  = 100 * time.Millisecond // before the next
)

// upgradeRefused is what the API client says of an answer that is no upgrade to another protocol.
var upgradeRefused = regexp.MustCompile(`unable to upgrade to h2c, received (\d+)`)

// newBuilder asks the engine whether it speaks BuildKit's protocol. Only its own word decides for
// POST /build, since that holds for as long as this process lives: an engine that is silent or lost
// is an error of ours.
func newBuilder(ctx context.Context, api client.APIClient) (*builder, error) {
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return api.DialHijack(ctx, "/grpc", "h2c", nil) }
	// An engine that was started again is to be found at once.
	patience := backoff.Config{BaseDelay: redialTime, Multiplier: 2, MaxDelay: time.Second}
	c, err := buildkit.New(ctx, "", buildkit.WithContextDialer(dial), buildkit.WithGRPCDialOption(
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: patience, MinConnectTimeout: dialTime})))
	if err != nil {
		return nil, fmt.Errorf("making a client of BuildKit: %w", err)
	}
	asking, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	for {
		if err = speaks(asking, c); err == nil {
			return &builder{client: c}, nil
		}
		if m := upgradeRefused.FindStringSubmatch(err.Error()); m != nil && refuses(m[1]) {
			return &builder{refused: m[0]}, c.Close()
		}
		select {
		case <-asking.Done():
			return nil, errors.Join(fmt.Errorf("asking BuildKit: %w (%w)", err, context.Cause(asking)), c.Close())
		case <-time.After(redialTime):
		}
	}
}

// speaks asks something that costs nothing. Docker 20.10 does not know the question, and builds all
// the same.
func speaks(ctx context.Context, c *buildkit.Client) error {
	_, err := c.ControlClient().Info(ctx, &control.InfoRequest{})
	if grpcerrors.Code(err) == codes.Unimplemented {
		return nil
	}
	return err
}

// refuses reports whether a status of HTTP, other than the one that was hoped for, is final: a
// proxy's 502, 503 and 504 are of an engine that is away for now.
func refuses(status string) bool {
	code, err := strconv.Atoi(status)
	return err == nil && (code < http.StatusInternalServerError || code == http.StatusNotImplemented) &&
		code != http.StatusRequestTimeout && code != http.StatusTooManyRequests
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
