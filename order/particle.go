package order

import (
	"regexp"
	"strings"
)

// particles are forms of Korean particles for words that end in a consonant and others.
var (
	particle = regexp.MustCompile(`([\p{Hangul}0-9])(["'’”」』)\]]*)(은\(는\)|이\(가\)|을\(를\)|과\(와\)|와\(과\)|\(으\)로|\(이\)라)`)
	closed   = map[string][2]string{
		"은(는)": {"은", "는"}, "이(가)": {"이", "가"}, "을(를)": {"을", "를"}, "과(와)": {"과", "와"}, "와(과)": {"과", "와"}, "(으)로": {"으로", "로"}, "(이)라": {"이라", "라"},
	}
)

// Particles chooses among Korean particles that were written for any word, as 을(를), the
// one that fits the syllable or digit before it. After other letters both stay: how they are
// read is not known.
func Particles(text string) string {
	if !strings.ContainsRune(text, '(') {
		return text
	}
	return particle.ReplaceAllStringFunc(text, func(found string) string {
		m := particle.FindStringSubmatch(found)
		last := []rune(m[1])[0]
		end := ending(last)
		form := closed[m[3]][0]
		if end == 0 || end == 'ㄹ' && m[3] == "(으)로" {
			form = closed[m[3]][1]
		}
		return m[1] + m[2] + form
	})
}

// ending is the consonant that ends a syllable or the reading of a digit: 0 for none, ㄹ, or
// any other as ㄴ.
func ending(r rune) rune {
	switch {
	case strings.ContainsRune("178", r):
		return 'ㄹ'
	case strings.ContainsRune("036", r):
		return 'ㄴ'
	case r < '가' || r > '힣':
		return 0
	}
	switch (r - '가') % 28 {
	case 0:
		return 0
	case 8:
		return 'ㄹ'
	}
	return 'ㄴ'
}
