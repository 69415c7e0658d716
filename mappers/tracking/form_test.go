package tracking

import "testing"

func TestForms(t *testing.T) {
	for _, c := range []struct {
		form, number string
		ok           bool
	}{
		{"", "anything", true},
		{"12", "123456789012", true},
		{"12", "12345678901A", false},
		{"12", "1234567890123", false},
		{"10 12", "1234567890", true},
		{"10 12", "12345678901", false},
		{"8-16", "12345678", true},
		{"8-16", "12345678901234567", false},
		{"18:any", "1Z999AA10123456784", true},
		{"s10", "EE123456789JP", true},
		{"s10", "1234567890123", false},
		{"s10", "EE12345678XJP", false},
		// 49001234567 modulo 7 is 5.
		{"12:7dr", "490012345675", true},
		{"12:7dr", "490012345674", false},
		{"12:7dr", "490012345678", false},
		{"11 12:7dr", "49001234567", true},
		{"12:7dr", "000000000000", true},
	} {
		f, err := ParseForm(c.form)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Check(c.number); (err == nil) != c.ok {
			t.Errorf("%q %s: %v", c.form, c.number, err)
		}
		if f.String() != c.form {
			t.Errorf("%q is shown as %q", c.form, f)
		}
	}
	for _, bad := range []string{"x", "0", "12:8dr", "16-8", "99", "12-", "-12", ":7dr"} {
		if _, err := ParseForm(bad); err == nil {
			t.Errorf("%q is a form", bad)
		}
	}
}

// A mistyped digit is found by the check digit, but for one that differs by seven.
func TestSeventh(t *testing.T) {
	const good = "490012345675"
	f, _ := ParseForm("12:7dr")
	for i := range good {
		for d := byte('0'); d <= '9'; d++ {
			b := []byte(good)
			b[i] = d
			unseen := (int(d)-int(good[i]))%7 == 0 && i < len(good)-1
			if err := f.Check(string(b)); (err == nil) != (unseen || d == good[i]) {
				t.Errorf("%s: %v", b, err)
			}
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"4900-1234-5678", "４９００", "EE123456789JP", "4.9E+11", "ー"} {
		f.Add(s)
	}
	forms := []string{"", "12:7dr", "s10", "8-16 18:any"}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Normalise(s)
		if err != nil {
			return
		}
		if again, err := Normalise(n); err != nil || again != n {
			t.Errorf("%q gives %q, that %q, %v", s, n, again, err)
		}
		for _, text := range forms {
			form, _ := ParseForm(text)
			_ = form.Check(n)
		}
	})
}
