package compose

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/docker/go-units"
)

// number reads a number however it is written.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	}
	return 0, false
}

// outOfRange says of a text that is a number, but one that no variable holds, what is wrong with it, or "".
func outOfRange(s string) string {
	_, whole := strconv.ParseInt(s, 10, 64)
	_, decimal := strconv.ParseFloat(s, 64)
	switch {
	case !errors.Is(whole, strconv.ErrRange) && !errors.Is(decimal, strconv.ErrRange):
		return ""
	case strings.HasPrefix(s, "-"):
		return "is too small: " + s
	}
	return "is too large: " + s
}

func atLeast(low float64) valueCheck { return between(low, math.MaxInt32) }

func between(low, high float64) valueCheck {
	return func(v any) string {
		n, ok := number(v)
		switch {
		case !ok && v == nil:
			return ""
		case !ok && outOfRange(text(v)) != "":
			return outOfRange(text(v))
		case !ok:
			return fmt.Sprintf("must be a number, not %q", fmt.Sprint(v))
		case n < low && low == 0:
			return fmt.Sprintf("must not be negative, but is %s", plain(n))
		case n < low:
			return fmt.Sprintf("must be at least %s, but is %s", plain(low), plain(n))
		case n > high:
			return fmt.Sprintf("must be at most %s, but is %s", plain(high), plain(n))
		}
		return ""
	}
}

// plain writes a number without an exponent, unless nobody would read its digits.
func plain(n float64) string {
	if math.Abs(n) >= 1e21 {
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// bytesOf reads a size: a number of bytes, or text such as 64m.
func bytesOf(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case float64:
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n, true
		}
		n, err := units.RAMInBytes(v)
		return n, err == nil && n >= 0 && n < math.MaxInt64 // what is too large for it overflows, otherwise on each processor
	}
	return 0, false
}

func size(v any) string {
	n, ok := bytesOf(v)
	switch {
	case strings.HasPrefix(fmt.Sprint(v), "-") || ok && n < 0:
		return fmt.Sprintf("must not be negative, but is %v", v)
	case !ok && hugeSize(v):
		return fmt.Sprintf("is too large: %v", v)
	case !ok && v != nil:
		return fmt.Sprintf("must be a size such as 64m or 1g, not %q", fmt.Sprint(v))
	}
	return ""
}

// hugeSize tells whether a value is a size, but more bytes than an int64 counts.
func hugeSize(v any) bool {
	switch v := v.(type) {
	case float64:
		return v >= 1<<53
	case string:
		_, err := units.RAMInBytes(v)
		return err == nil || errors.Is(err, strconv.ErrRange)
	}
	return false
}

func sizeOrMinusOne(v any) string {
	if n, ok := bytesOf(v); ok && n == -1 {
		return ""
	}
	return size(v)
}
