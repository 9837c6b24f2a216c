package grader

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	random2 "math/rand/v2"
	"strings"
)

// NewSeed returns a random seed: 16 hexadecimal digits.
func NewSeed() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// random returns the source of one check's random values. It depends on the seed and the check
// alone, so a check replays by itself.
func random(seed, id string) *random2.Rand {
	sum := sha256.Sum256([]byte(seed + "\x00" + id))
	return random2.New(random2.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])))
}

// CheckSeed returns what is wrong with a seed that a person gave; the empty one is right, and
// stands for a new one.
func CheckSeed(seed string) error {
	if len(seed) > 64 || strings.Trim(seed, "0123456789abcdefABCDEF") != "" {
		return fmt.Errorf("a seed is up to 64 hexadecimal digits, not %q", seed)
	}
	return nil
}
