package ledger

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mallbridge/mallbridge/order"
)

// fill sets every field that v reaches to a value of its own, so that a field
// which packing forgets is found. n counts the values.
func fill(t testing.TB, v reflect.Value, n *int64) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		*n++
		v.Set(reflect.ValueOf(time.UnixMilli(1_790_000_000_000 + *n).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		*n++
		v.SetString(strings.Repeat("値", int(*n%7)+1) + string(rune('a'+*n%26)))
	case reflect.Int64:
		*n++
		v.SetInt(*n * -1001)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range v.Len() {
			fill(t, v.Index(i), n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	default:
		t.Fatalf("packing knows no %s", v.Type())
	}
}

// vary draws a value for every field that v reaches; equal neighbours and empty
// fields are frequent.
func vary(t *rapid.T, v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		if ms := rapid.Int64Range(-1<<40, 1<<42).Draw(t, "ms"); ms != 0 {
			v.Set(reflect.ValueOf(time.UnixMilli(ms).UTC()))
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"a", "東京"}), rapid.String()).Draw(t, "text"))
	case reflect.Int64:
		v.SetInt(rapid.OneOf(rapid.Int64Range(0, 2), rapid.Int64()).Draw(t, "number"))
	case reflect.Slice:
		if n := rapid.IntRange(0, 3).Draw(t, "length"); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				if i > 0 && rapid.Bool().Draw(t, "the same again") {
					v.Index(i).Set(v.Index(i - 1))
				} else {
					vary(t, v.Index(i))
				}
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			vary(t, v.Field(i))
		}
	}
}

func checkOrder(t interface{ Fatalf(string, ...any) }, o *order.Order) {
	doc, _ := packOrder(nil, o)
	got, err := unpackOrder(doc)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if !reflect.DeepEqual(o, got) {
		t.Fatalf("(-packed +unpacked):\n%s", cmp.Diff(o, got))
	}
}

func checkInstruction(t interface{ Fatalf(string, ...any) }, in *order.Instruction) {
	_, doc := packInstruction(nil, in)
	got, err := unpackInstruction(doc)
	if err != nil {
		t.Fatalf("%v", err)
	}
	got.ID = in.ID // a column of its own
	if !reflect.DeepEqual(in, got) {
		t.Fatalf("(-packed +unpacked):\n%s", cmp.Diff(in, got))
	}
}

func TestEveryFieldIsPacked(t *testing.T) {
	var n int64
	var o order.Order
	fill(t, reflect.ValueOf(&o).Elem(), &n)
	checkOrder(t, &o)
	var in order.Instruction
	fill(t, reflect.ValueOf(&in).Elem(), &n)
	checkInstruction(t, &in)
	checkOrder(t, &order.Order{})
	checkInstruction(t, &order.Instruction{})
}

func TestDocumentsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o order.Order
		vary(t, reflect.ValueOf(&o).Elem())
		if len(o.Packages) > 0 && rapid.Bool().Draw(t, "buyer receives") {
			o.Packages[0].To = o.Buyer
		}
		checkOrder(t, &o)
		var in order.Instruction
		vary(t, reflect.ValueOf(&in).Elem())
		checkInstruction(t, &in)
	})
}

// TestContentHash says which fields make an order count as changed.
func TestContentHash(t *testing.T) {
	base := *sample(3)
	hash := func(o order.Order) [16]byte { return pack([]Intake{{Order: &o}})[0].hash }
	want := hash(base)
	for i := range reflect.TypeFor[order.Order]().NumField() {
		changed := base
		n := int64(7)
		fill(t, reflect.ValueOf(&changed).Elem().Field(i), &n)
		name := reflect.TypeFor[order.Order]().Field(i).Name
		switch name {
		case "Account", "Number", "Status", "SubStatus": // key and statuses, which are compared by themselves
			if hash(changed) != want {
				t.Errorf("%s changes the hash", name)
			}
		default:
			if hash(changed) == want {
				t.Errorf("%s does not change the hash", name)
			}
		}
	}
}

func TestDamagedDocuments(t *testing.T) {
	doc, _ := packOrder(nil, sample(1))
	for i := range doc {
		if _, err := unpackOrder(doc[:i]); !errors.Is(err, errDoc) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := unpackOrder(append(doc[:len(doc):len(doc)], 0)); !errors.Is(err, errDoc) {
		t.Errorf("a byte too many: %v", err)
	}
	if _, err := unpackOrder(append([]byte{docVersion + 1}, doc[1:]...)); !errors.Is(err, errDoc) {
		t.Errorf("another version: %v", err)
	}
	_, in := packInstruction(nil, instructionFor(1, 1, 1, sample(1)).Instruction)
	for i := range in {
		if _, err := unpackInstruction(in[:i]); !errors.Is(err, errDoc) {
			t.Fatalf("instruction cut at %d: %v", i, err)
		}
	}
}

// The fuzz targets allow what a document could need at most: every item of a
// list takes at least a byte for each of its fields.
func FuzzUnpackOrder(f *testing.F) {
	for i := range 4 {
		doc, _ := packOrder(nil, sample(i))
		f.Add(doc)
	}
	f.Add([]byte{docVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, doc []byte) {
		o, err := unpackOrder(doc)
		if err != nil {
			return
		}
		again, _ := packOrder(nil, o)
		if got, err := unpackOrder(again); err != nil || !reflect.DeepEqual(o, got) {
			t.Errorf("not the same after a round trip: %v", err)
		}
		if least := o.Lines()*13 + len(o.Packages)*9; least > len(doc) {
			t.Errorf("%d bytes gave %d lines in %d packages", len(doc), o.Lines(), len(o.Packages))
		}
	})
}

func FuzzUnpackInstruction(f *testing.F) {
	for i := range 4 {
		_, doc := packInstruction(nil, instructionFor(1, 1, 1, sample(i)).Instruction)
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		in, err := unpackInstruction(doc)
		if err != nil {
			return
		}
		_, again := packInstruction(nil, in)
		if got, err := unpackInstruction(again); err != nil || !reflect.DeepEqual(in, got) {
			t.Errorf("not the same after a round trip: %v", err)
		}
		if len(in.Lines) > len(doc) {
			t.Errorf("%d bytes gave %d lines", len(doc), len(in.Lines))
		}
	})
}
