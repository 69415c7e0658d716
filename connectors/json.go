package connectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// deepest is how far a mall's JSON may nest.
const deepest = 64

// CheckJSON refuses what encoding/json would take without a word: objects that have
// a key twice, of which it takes the last, and nesting deeper than 64. Bytes that
// are no UTF-8, which encoding/json replaces, are for the driver to refuse, record
// by record where it can: [CheckText].
func CheckJSON(body []byte) error {
	switch {
	case len(body) == 0:
		return errors.New("the reply is empty")
	case !json.Valid(body):
		return errors.New("the reply is not JSON")
	}
	type object struct {
		keys map[string]bool // nil for an array
		key  bool            // the next string is a key
	}
	var stack []object
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '{':
			stack = append(stack, object{keys: map[string]bool{}, key: true})
		case '[':
			stack = append(stack, object{})
		case '}', ']':
			stack = stack[:len(stack)-1]
		case ',':
			if n := len(stack); n > 0 && stack[n-1].keys != nil {
				stack[n-1].key = true
			}
		case '"':
			begin := i + 1
			for i++; body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
			}
			n := len(stack)
			if n == 0 || !stack[n-1].key {
				continue
			}
			key := string(body[begin:i])
			if stack[n-1].keys[key] {
				return fmt.Errorf("byte %d: the key %q stands twice in one object", begin, key)
			}
			stack[n-1].keys[key], stack[n-1].key = true, false
		}
		if len(stack) > deepest {
			return fmt.Errorf("byte %d: nested deeper than %d", i, deepest)
		}
	}
	return nil
}

// CheckText refuses bytes that are no UTF-8, and names the first.
func CheckText(b []byte) error {
	if utf8.Valid(b) {
		return nil
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return fmt.Errorf("byte %d (0x%02X) is not UTF-8", i, b[i])
		}
		i += n
	}
	return nil
}
