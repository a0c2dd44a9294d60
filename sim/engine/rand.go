package engine

import "time"

// Rand is the random number for a purpose of a component on a key, the n-th
// one: a hash of these and the seed. There is no shared stream, so a change in
// one place shifts nothing elsewhere.
func (e *Engine) Rand(component, key, purpose string, n uint64) uint64 {
	h := mix(e.seed ^ 0x9e3779b97f4a7c15)
	h = hashString(h, component)
	h = hashString(h, key)
	h = hashString(h, purpose)
	return mix(h ^ mix(n+0x632be59bd9b4e019))
}

// Intn is a random number in [0, limit) for the same purpose words as Rand. limit must be above 0.
func (e *Engine) Intn(limit int, component, key, purpose string, n uint64) int {
	return int(e.Rand(component, key, purpose, n) % uint64(limit))
}

// Between is a random duration in [lo, hi]; lo when hi is not above it.
func (e *Engine) Between(lo, hi time.Duration, component, key, purpose string, n uint64) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + time.Duration(e.Rand(component, key, purpose, n)%uint64(hi-lo+1))
}

// hashString is FNV-1a, then mixed so that "ab","c" and "a","bc" differ.
func hashString(h uint64, s string) uint64 {
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h ^ uint64(len(s)))
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}
