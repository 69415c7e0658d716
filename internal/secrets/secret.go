package secrets

import (
	"fmt"
	"io"
	"log/slog"
)

const dots = "•••"

// A Secret is a value that must not be seen. It prints, logs and marshals as
// dots; [Secret.Reveal] is the only way to the value.
type Secret struct{ value string }

// New wraps a value.
func New(value string) Secret { return Secret{value} }

// Reveal returns the value.
func (s Secret) Reveal() string { return s.value }

// Empty reports whether there is no value.
func (s Secret) Empty() bool { return s.value == "" }

// String returns dots; an empty secret is empty.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return dots
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format prints dots under every verb: %x and %q of the value would give it away.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// MarshalText gives dots to JSON, YAML and everything else that asks for text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON gives dots.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// LogValue gives dots to slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
