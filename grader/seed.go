package grader

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	random2 "math/rand/v2"
)

// NewSeed is a random seed: 16 hexadecimal digits.
func NewSeed() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// random is the source of one check's random values. It depends on the seed and the check alone, so a check replays by
// itself.
func random(seed, id string) *random2.Rand {
	sum := sha256.Sum256([]byte(seed + "\x00" + id))
	return random2.New(random2.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])))
}
