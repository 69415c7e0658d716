package secrets

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A Ref names a secret: env:NAME, file:PATH or age:NAME. The empty Ref names none.
type Ref string

// The kinds of reference.
const (
	Env  = "env"
	File = "file"
	Age  = "age"
)

var (
	envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	ageName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)
)

// ErrShape says that a text is not a reference. Errors that match it never hold
// the text itself: it may be a secret that was written in by mistake.
var ErrShape = errors.New("not a reference to a secret")

// ParseRef checks the shape of a reference. The error matches [ErrShape].
func ParseRef(text string) (Ref, error) {
	kind, name, ok := strings.Cut(text, ":")
	if !ok {
		return "", fmt.Errorf("%w: env:NAME, file:PATH or age:NAME is wanted", ErrShape)
	}
	switch kind {
	case Env:
		if !envName.MatchString(name) {
			return "", fmt.Errorf("%w: env: is followed by the name of an environment variable", ErrShape)
		}
	case File:
		if name == "" || strings.ContainsAny(name, "\x00\n\r") || strings.TrimSpace(name) != name {
			return "", fmt.Errorf("%w: file: is followed by a path", ErrShape)
		}
	case Age:
		if !ageName.MatchString(name) {
			return "", fmt.Errorf("%w: age: is followed by the name of an entry", ErrShape)
		}
	default:
		return "", fmt.Errorf("%w: env:NAME, file:PATH or age:NAME is wanted", ErrShape)
	}
	return Ref(text), nil
}

// Kind returns env, file or age; empty for the empty reference.
func (r Ref) Kind() string {
	kind, _, _ := strings.Cut(string(r), ":")
	return kind
}

// Name returns what follows the kind.
func (r Ref) Name() string {
	_, name, _ := strings.Cut(string(r), ":")
	return name
}
