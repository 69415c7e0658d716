package format

import (
	"testing"

	"pgregory.net/rapid"
)

func TestNeutral(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		"a,b":                          "a,b",
		"=1+1,b":                       "'=1+1,b",
		`a,"=HYPERLINK(""x,y"")",-1`:   `a,"'=HYPERLINK(""x,y"")",-1`,
		"+81-3-0000-0001,@x,-1.5,+2,-": "'+81-3-0000-0001,'@x,-1.5,+2,'-",
		"'=x,''@y,'z":                  "''=x,'''@y,'z",
		"\"-1\",\"\tx\"":               "\"-1\",\"'\tx\"",
		`"a""b,=c",=d`:                 `"a""b,=c",'=d`,
		"a,":                           "a,",
	} {
		if got := string(neutral(nil, []byte(in), ',')); got != want {
			t.Errorf("neutral(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNeutralAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringMatching(`['=+@a1.-]{0,6}`).Draw(t, "cell")
		made := neutral(nil, []byte(cell), ',')
		if runs(made) && made[0] != '\'' && !plainNumber(made) {
			t.Fatalf("%q is left as %q", cell, made)
		}
		if got := string(harmed(made)); got != cell {
			t.Fatalf("%q became %q and then %q", cell, made, got)
		}
	})
}

func TestFirstCells(t *testing.T) {
	const row = `"a,b",c,"d""e,",f`
	for n, want := range []string{"", `"a,b"`, `"a,b",c`, `"a,b",c,"d""e,"`, row, row} {
		if got := string(firstCells([]byte(row), n, ',')); got != want {
			t.Errorf("the first %d cells are %q, want %q", n, got, want)
		}
	}
}
