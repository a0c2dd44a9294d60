package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// plainly says what is wrong with a flag without the names of what has parsed it.
func plainly(err error) error {
	var value *pflag.InvalidValueError
	var number *strconv.NumError
	if !errors.As(err, &value) || !errors.As(err, &number) {
		return err
	}
	want := "a whole number"
	switch number.Func {
	case "ParseInt":
	case "ParseUint":
		want = "a whole number from 0"
	default:
		return err
	}
	if errors.Is(number.Err, strconv.ErrRange) {
		want += " that is not so large"
	}
	return fmt.Errorf("--%s %s: it may be %s", value.GetFlag().Name, value.GetValue(), want)
}

// negative is the number that was given where a flag may stand: -3 in "scale web -3"; "" if it was none.
func negative(err error) string {
	var flag *pflag.NotExistError
	if !errors.As(err, &flag) || flag.GetSpecifiedShortnames() == "" || strings.Trim(flag.GetSpecifiedShortnames(), "0123456789.") != "" {
		return ""
	}
	return "-" + flag.GetSpecifiedShortnames()
}

// oneOf is the error for a flag whose value is none of those that it may have.
func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	last := len(allowed) - 1
	return usageError{fmt.Errorf("%s %s: it may be %s or %s", flag, value, strings.Join(allowed[:last], ", "), allowed[last])}
}
