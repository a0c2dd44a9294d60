package apiserver

import (
	"encoding/binary"
	"encoding/hex"
	"time"

	"minisim/sim/engine"
)

// dice are the server's random choices: identifiers, generated names, addresses.
// Each depends on what it is for and when, not on how many there were before, so
// that one object more shifts no other object's identity.
type dice struct {
	engine *engine.Engine
	server string
	at     time.Duration
	used   map[string]uint64 // how often a purpose came up at this instant
}

// roll gives another number each time, for the same key and purpose too.
func (d *dice) roll(key, purpose string) uint64 {
	now := d.engine.Now()
	if d.used == nil || d.at != now {
		d.at, d.used = now, map[string]uint64{}
	}
	n := d.used[key]
	d.used[key]++
	return d.engine.Rand(d.server, key, purpose, uint64(now)+n<<52)
}

// uid is a new UID in the form of a random UUID (RFC 4122, version 4).
func (d *dice) uid(key string) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], d.roll(key, "uid high"))
	binary.BigEndian.PutUint64(b[8:], d.roll(key, "uid low"))
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[:8], b[:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:], b[10:])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// Generated names, as Kubernetes makes them: characters that form no words, and
// no more of the given name than leaves room for them.
const (
	nameAlphabet  = "bcdfghjklmnpqrstvwxz2456789"
	nameRandom    = 5
	maxNameLength = 63
	maxNameBase   = maxNameLength - nameRandom
	nameTries     = 8 // before AlreadyExists is reported
)

func (d *dice) name(base, key string) string {
	if len(base) > maxNameBase {
		base = base[:maxNameBase]
	}
	suffix := make([]byte, nameRandom)
	n := d.roll(key, "name")
	for i := range suffix {
		suffix[i] = nameAlphabet[n%uint64(len(nameAlphabet))]
		n /= uint64(len(nameAlphabet))
	}
	return base + string(suffix)
}
