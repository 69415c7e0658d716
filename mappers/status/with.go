package status

import (
	"fmt"
	"slices"
)

// An Extra is a status that an account adds to its mall's table, or a known one
// that it wants to count otherwise. Exactly one of SameAs and Class is set.
type Extra struct {
	Code   string // the sheet's text, or "status/substatus"
	SameAs string // counts as this known status
	Class  Class  // counts so, outside the chain
}

// With returns a copy of t that knows the extras too.
func (t Table) With(extras []Extra) (Table, []Finding) {
	t.States = slices.Clone(t.States)
	var all []Finding
	seen := map[string]int{}
	for i, x := range extras {
		key := fmt.Sprintf("statuses[%d]", i)
		if first, twice := seen[fold(x.Code)]; twice && x.Code != "" {
			all = append(all, Finding{Key: key + ".code", Value: x.Code, Why: fmt.Sprintf("is also statuses[%d]", first), Hint: "keep one of them"})
			continue
		}
		seen[fold(x.Code)] = i
		if f := t.add(key, x); f != nil {
			all = append(all, *f)
		}
	}
	return t, all
}

func (t *Table) add(key string, x Extra) *Finding {
	switch {
	case fold(x.Code) == "":
		return &Finding{Key: key + ".code", Why: "the status is empty", Hint: "write the text that the sheet shows"}
	case (x.SameAs == "") == (x.Class == ""):
		return &Finding{Key: key, Value: x.Code, Why: "needs either same_as or class", Hint: "same_as: a known status, or class: " + classList()}
	case x.Class != "" && !slices.Contains(Classes(), x.Class):
		return &Finding{Key: key + ".class", Value: string(x.Class), Why: "is not a class", Hint: "use one of " + classList()}
	}
	if x.Class != "" {
		t.forget(x.Code)
		t.States = append(t.States, State{Code: x.Code, Class: x.Class})
		return nil
	}
	s, ok := t.Find(x.SameAs)
	if !ok {
		return &Finding{Key: key + ".same_as", Value: x.SameAs, Why: "is not a known status", Hint: "use a status of the mall's table"}
	}
	code := s.Code
	if fold(x.Code) == fold(code) {
		return nil
	}
	t.forget(x.Code)
	if i := t.rank(code); i >= 0 {
		t.States[i].Aliases = append(slices.Clone(t.States[i].Aliases), x.Code)
	}
	return nil
}

// forget removes text from the state that had it, so that an account can count
// a known status otherwise.
func (t *Table) forget(text string) {
	s, ok := t.Find(text)
	if !ok {
		return
	}
	key := fold(text)
	if fold(s.Code) == key {
		i := t.rank(s.Code)
		t.States = slices.Delete(t.States, i, i+1)
		return
	}
	s.Aliases = slices.DeleteFunc(slices.Clone(s.Aliases), func(a string) bool { return fold(a) == key })
	names := make(map[string]string, len(s.Name))
	for lang, n := range s.Name {
		if fold(n) != key {
			names[lang] = n
		}
	}
	s.Name = names
}

func classList() string {
	out := ""
	for i, c := range Classes() {
		if i > 0 {
			out += ", "
		}
		out += string(c)
	}
	return out
}
