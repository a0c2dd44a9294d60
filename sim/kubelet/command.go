package kubelet

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The commands that are simulated, and how they are read. What is not
// understood whole is not simulated at all: parse says so, and the image's
// program runs instead.

// instruction is one simple command of a script.
type instruction struct {
	kind  instructionKind
	after junction      // what joins it to the one before
	d     time.Duration // sleep; between two questions of a wait loop; time-out of a wait for a Job
	code  int32         // exit
	name  string        // what is waited for
	space string        // the Job's namespace, "" is the pod's
	says  []string      // the lines that it writes; of a wait loop: after each question without an answer
}

type instructionKind int

const (
	doSucceed instructionKind = iota // true, :, echo
	doFail                           // false
	doExit
	doSleep   // negative: for ever
	doResolve // until nslookup …
	doAwait   // kubectl wait … job/…
)

type junction int

const (
	always junction = iota // ; or new line
	ifGood                 // &&
	ifBad                  // ||
)

const namespaceFile = "$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace)"

// parseCommand reads a container's command line; ok is false when it is not
// one that is simulated. namespace is the pod's.
func parseCommand(argv []string, namespace string) (script []instruction, ok bool) {
	if len(argv) == 0 {
		return nil, false
	}
	switch base(argv[0]) {
	case "sh", "bash", "ash", "dash":
		if len(argv) != 3 || !strings.HasPrefix(argv[1], "-") || !strings.HasSuffix(argv[1], "c") {
			return nil, false
		}
		return parseShell(strings.ReplaceAll(argv[2], namespaceFile, namespace))
	}
	in, ok := parseSimple(argv)
	return []instruction{in}, ok
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// parseShell reads commands that are joined by ; && || and new lines.
func parseShell(text string) ([]instruction, bool) {
	tokens, ok := tokenize(text)
	if !ok {
		return nil, false
	}
	return parseTokens(tokens)
}

func parseTokens(tokens []string) (script []instruction, ok bool) {
	join := always
	for len(tokens) > 0 {
		if tokens[0] == ";" {
			tokens, join = tokens[1:], always
			continue
		}
		var in instruction
		if tokens[0] == "until" {
			in, tokens, ok = parseUntil(tokens)
		} else {
			end := slices.IndexFunc(tokens, isJunction)
			if end < 0 {
				end = len(tokens)
			}
			in, ok = parseSimple(tokens[:end])
			tokens = tokens[end:]
		}
		if !ok {
			return nil, false
		}
		in.after = join
		script = append(script, in)
		if len(tokens) > 0 {
			switch tokens[0] {
			case "&&":
				join = ifGood
			case "||":
				join = ifBad
			case ";":
				join = always
			default:
				return nil, false
			}
			tokens = tokens[1:]
		}
	}
	return script, len(script) > 0
}

func isJunction(token string) bool { return token == ";" || token == "&&" || token == "||" }

// parseUntil reads: until nslookup NAME; do commands; sleep N; done.
func parseUntil(tokens []string) (in instruction, rest []string, ok bool) {
	end := slices.Index(tokens, "done")
	if end < 0 {
		return in, nil, false
	}
	loop, rest := tokens[1:end], tokens[end+1:]
	do := slices.Index(loop, "do")
	if do < 1 || loop[do-1] != ";" {
		return in, nil, false
	}
	condition, _ := dropRedirects(loop[:do-1])
	if len(condition) != 2 || base(condition[0]) != "nslookup" {
		return in, nil, false
	}
	body, ok := parseTokens(loop[do+1:])
	if !ok {
		return in, nil, false
	}
	in = instruction{kind: doResolve, name: condition[1]}
	for _, b := range body {
		in.says = append(in.says, b.says...)
		switch {
		case b.kind == doSleep && b.d > 0:
			in.d += b.d
		case b.kind != doSucceed:
			return in, nil, false
		}
	}
	// A loop that never sleeps would ask as fast as it can: once a second is enough.
	if in.d == 0 {
		in.d = time.Second
	}
	return in, rest, true
}

// parseSimple reads one command without junctions.
func parseSimple(words []string) (instruction, bool) {
	words, silent := dropRedirects(words)
	if len(words) == 0 {
		return instruction{}, false
	}
	args := words[1:]
	switch base(words[0]) {
	case "true", ":":
		return instruction{kind: doSucceed}, true
	case "echo", "printf":
		in := instruction{kind: doSucceed}
		if !silent {
			in.says = printed(base(words[0]), args)
		}
		return in, true
	case "false":
		return instruction{kind: doFail}, true
	case "exec":
		return parseSimple(args)
	case "sleep":
		d, ok := parseSleep(args)
		return instruction{kind: doSleep, d: d}, ok
	case "exit":
		if len(args) > 1 {
			return instruction{}, false
		}
		code := 0
		if len(args) == 1 {
			var err error
			if code, err = strconv.Atoi(args[0]); err != nil {
				return instruction{}, false
			}
		}
		return instruction{kind: doExit, code: int32(code & 0xff)}, true
	case "kubectl":
		return parseWait(args)
	}
	return instruction{}, false
}

// parseSleep reads sleep's arguments: their sum, negative for ever.
func parseSleep(args []string) (time.Duration, bool) {
	var sum time.Duration
	for _, a := range args {
		if a == "infinity" || a == "inf" {
			return -1, true
		}
		unit := time.Second
		switch a[max(len(a)-1, 0):] {
		case "s":
			a = a[:len(a)-1]
		case "m":
			a, unit = a[:len(a)-1], time.Minute
		case "h":
			a, unit = a[:len(a)-1], time.Hour
		case "d":
			a, unit = a[:len(a)-1], 24*time.Hour
		}
		n, err := strconv.ParseFloat(a, 64)
		if err != nil || n < 0 || n > 1e8 {
			return 0, false
		}
		sum += time.Duration(n * float64(unit))
	}
	return sum, len(args) > 0
}

// defaultWait is kubectl wait's time-out when none is given.
const defaultWait = 30 * time.Second

// parseWait reads kubectl's arguments: wait --for=condition=complete job/NAME.
func parseWait(args []string) (instruction, bool) {
	in := instruction{kind: doAwait, d: defaultWait}
	complete := false
	if len(args) == 0 || args[0] != "wait" {
		return in, false
	}
	for args = args[1:]; len(args) > 0; args = args[1:] {
		flag, value, joined := strings.Cut(args[0], "=")
		if !joined && strings.HasPrefix(flag, "-") && len(args) > 1 {
			args = args[1:]
			value = args[0]
		}
		switch flag {
		case "--for":
			complete = strings.EqualFold(value, "condition=complete") || strings.EqualFold(value, "condition=complete=true")
		case "-n", "--namespace":
			in.space = value
		case "--timeout":
			d, err := time.ParseDuration(value)
			if err != nil {
				return in, false
			}
			in.d = d
		default:
			kind, name, ok := strings.Cut(args[0], "/")
			if !ok || in.name != "" || kind != "job" && kind != "jobs" && kind != "job.batch" && kind != "jobs.batch" {
				return in, false
			}
			in.name = name
		}
	}
	return in, complete && in.name != ""
}

// dropRedirects leaves out redirections of output. silent says that the standard
// output goes into a file, and so not into the container's log.
func dropRedirects(words []string) (out []string, silent bool) {
	for i := 0; i < len(words); i++ {
		word := words[i]
		w := strings.TrimLeft(word, "12&")
		if !strings.HasPrefix(w, ">") {
			out = append(out, word)
			continue
		}
		file := strings.TrimLeft(w, ">")
		if file == "" {
			i++ // the file is the next word
		}
		silent = silent || !strings.HasPrefix(word, "2") && !strings.HasPrefix(file, "&")
	}
	return out, silent
}

// tokenize splits a shell text into words and junctions; ok is false for what
// it does not know: variables, pipes, other substitutions, open quotes.
func tokenize(text string) (tokens []string, ok bool) {
	var word strings.Builder
	inWord := false
	flush := func() {
		if inWord {
			tokens = append(tokens, word.String())
			word.Reset()
			inWord = false
		}
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\'' || c == '"':
			end := strings.IndexByte(text[i+1:], c)
			if end < 0 || c == '"' && strings.ContainsAny(text[i+1:i+1+end], "$`\\") {
				return nil, false
			}
			word.WriteString(text[i+1 : i+1+end])
			inWord = true
			i += end + 1
		case c == ' ' || c == '\t' || c == '\r':
			flush()
		case c == ';' || c == '\n':
			flush()
			if n := len(tokens); n > 0 && tokens[n-1] != ";" && tokens[n-1] != "do" && tokens[n-1] != "&&" && tokens[n-1] != "||" {
				tokens = append(tokens, ";")
			}
		case c == '&' && i+1 < len(text) && text[i+1] == '&', c == '|' && i+1 < len(text) && text[i+1] == '|':
			flush()
			tokens = append(tokens, text[i:i+2])
			i++
		case c == '&' && (strings.HasSuffix(word.String(), ">") || i+1 < len(text) && text[i+1] == '>'):
			word.WriteByte(c)
			inWord = true
		case strings.IndexByte("$`\\&|(){}<*?#", c) >= 0:
			return nil, false
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	flush()
	return tokens, true
}

// foretell says with which code a script ends and how long it takes, never if it
// does not end; ok is false when that depends on the world.
func foretell(script []instruction) (code int32, lasts time.Duration, ok bool) {
	for _, in := range script {
		if in.after == ifGood && code != 0 || in.after == ifBad && code == 0 {
			continue
		}
		switch in.kind {
		case doSucceed:
			code = 0
		case doFail:
			code = 1
		case doExit:
			return in.code, lasts, true
		case doSleep:
			if in.d < 0 {
				return 0, never, true
			}
			code, lasts = 0, lasts+in.d
		default:
			return 0, 0, false
		}
	}
	return code, lasts, true
}
