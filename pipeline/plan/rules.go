package plan

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// foldRemark removes what remarks vary without meaning it.
func foldRemark(s string) string {
	return strings.Join(strings.Fields(norm.NFKC.String(s)), "")
}
