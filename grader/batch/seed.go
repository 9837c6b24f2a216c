package batch

import (
	"crypto/sha256"
	"encoding/hex"
)

// StudentSeed returns a student's seed: of the class's and the submission's id alone, so that one
// report replays by itself with `grade --seed`, whoever else is in the class.
func StudentSeed(class, id string) string {
	sum := sha256.Sum256([]byte(class + "\x00" + id))
	return hex.EncodeToString(sum[:8])
}
