package crud

import (
	"context"
	"math/rand/v2"

	"github.com/taskgrader/taskgrader/grader/check"
)

// tries bounds how many walks the shortening of one may cost.
const tries = 120

// shrink leaves operations out, each with those that make no sense without it, until none can be
// spared.
func (c *CRUD) shrink(ctx context.Context, t check.Target, plan []operation, last *failure, r *rand.Rand) (*failure,
	error) {
	plan = plan[:last.at+1]
	for i, n := len(plan)-2, 0; i >= 0 && n < tries; n++ {
		shorter := c.renewed(without(plan, i), r)
		failed, _, err := c.walk(ctx, t, shorter)
		if err != nil {
			return nil, err
		}
		if failed == nil {
			i--
			continue
		}
		plan, last = shorter[:failed.at+1], failed
		i = len(plan) - 2 // what could not be spared before may be now
	}
	return last, nil
}

// without returns a plan without one operation: without a create, nothing is done with its thing,
// and without a delete, it is not gone.
func without(plan []operation, i int) []operation {
	var out []operation
	for n, op := range plan {
		same := n > i && op.thing == plan[i].thing && op.what != "list" && op.what != "refuse"
		switch {
		case n == i, same && plan[i].what == "create", same && plan[i].what == "delete" && op.what == "gone":
		default:
			out = append(out, op)
		}
	}
	return out
}
