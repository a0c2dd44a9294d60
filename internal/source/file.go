package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MaxBytes is the largest file that is read.
const MaxBytes = 5 << 20

// File is a YAML file with one document, whose root is a mapping.
type File struct {
	Path string     // as the user wrote it; it stands in every place
	Data []byte     // the bytes as they were read
	Root *yaml.Node // the root mapping; aliases are still alias nodes, and expand to a bounded number of nodes
}

// Load reads and parses a file. Every fault, of the file system too, is a Diagnostics.
func Load(path string) (*File, error) {
	whole := Pos{File: path}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, Diagnostics{{Pos: whole, Msg: "no such file"}}
	case err != nil:
		return nil, Diagnostics{{Pos: whole, Msg: "cannot read the file: " + reason(err)}}
	case info.IsDir():
		return nil, Diagnostics{{Pos: whole, Msg: "this is a directory", Hint: "name the compose file in it"}}
	case info.Size() > MaxBytes:
		return nil, tooLarge(whole)
	case !info.Mode().IsRegular(): // a pipe that nobody writes to would be waited for without end
		return nil, Diagnostics{{Pos: whole, Msg: "this is no regular file", Hint: "write its contents to a file first"}}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, Diagnostics{{Pos: whole, Msg: "cannot read the file: " + reason(err)}}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1)) // it may have grown meanwhile
	if err != nil {
		return nil, Diagnostics{{Pos: whole, Msg: "cannot read the file: " + reason(err)}}
	}
	return Parse(path, data)
}

// reason is what the operating system says, without the operation and the path that we name ourselves.
func reason(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}

func tooLarge(whole Pos) Diagnostics {
	return Diagnostics{{Pos: whole, Msg: fmt.Sprintf("the file is larger than %d MiB", MaxBytes>>20)}}
}

// Parse does what Load does with a file that is already in memory.
func Parse(path string, data []byte) (*File, error) {
	whole := Pos{File: path}
	if len(data) > MaxBytes {
		return nil, tooLarge(whole)
	}
	if at := invalidUTF8(data); at >= 0 {
		return nil, Diagnostics{{Pos: position(path, data, at), Msg: "the file is not UTF-8 text", Hint: "save it as UTF-8"}}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, Diagnostics{{Pos: whole, Msg: "the file is empty"}}
	} else if err != nil {
		return nil, broken(path, data, err)
	}
	root := doc.Content[0]
	if isNull(root) {
		return nil, Diagnostics{{Pos: whole, Msg: "the file is empty"}}
	}
	var more yaml.Node
	if err := decoder.Decode(&more); err == nil {
		if second := more.Content[0]; !isNull(second) {
			return nil, Diagnostics{{
				Pos: pos(path, second), Msg: "a second YAML document begins here", Hint: "keep one document in a file",
			}}
		}
	} else if !errors.Is(err, io.EOF) {
		return nil, broken(path, data, err)
	}
	if root.Kind != yaml.MappingNode {
		return nil, Diagnostics{{
			Pos: pos(path, root), Msg: "the top level of the file must be a mapping, not " + kindName(root), Hint: "begin with services:",
		}}
	}
	if faults := check(path, root); len(faults) > 0 {
		return nil, faults.Sorted()
	}
	return &File{Path: path, Data: data, Root: root}, nil
}

func invalidUTF8(data []byte) int {
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// position turns a byte offset into a place.
func position(path string, data []byte, at int) Pos {
	before := data[:at]
	line := bytes.Count(before, []byte("\n"))
	start := bytes.LastIndexByte(before, '\n') + 1
	return Pos{File: path, Line: line + 1, Col: utf8.RuneCount(before[start:]) + 1}
}

func pos(path string, n *yaml.Node) Pos {
	return Pos{File: path, Line: n.Line, Col: n.Column}
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	default:
		return "a single value"
	}
}
