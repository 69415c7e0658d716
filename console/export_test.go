package console

import (
	"strings"
	"time"
)

// Say is what pages say in a language.
func Say(lang, text string) string { return say(lang, text) }

// Fresh makes pages be made anew whenever they are asked.
func (c *Console) Fresh() { c.memos.off, c.live.every = true, 20*time.Millisecond }

// Code is the code of a second factor at a moment.
func Code(secret string, now time.Time) string {
	key, err := secretText.DecodeString(secret)
	if err != nil {
		return ""
	}
	return codeAt(key, now.Unix()/codeStep, codeDigits)
}

// LimitUploads bounds order sheets by so many bytes.
func (c *Console) LimitUploads(n int64) { c.uploads.max = n }

// Serve makes pages count as they do in a program that runs.
func (c *Console) Serve() { c.memos.off, c.live.every = false, liveEvery }

// Marked is a text with the marks of what one does not see in brackets.
func Marked(text string) string {
	var b strings.Builder
	for _, p := range pieces(text) {
		b.WriteString(p.Text)
		if p.Mark != "" {
			b.WriteString("[" + p.Mark + "]")
		}
	}
	return b.String()
}

// QRCode draws a text.
func QRCode(text string) ([]byte, error) { return qrPNG(text) }
