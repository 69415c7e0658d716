package payment

import "github.com/mallbridge/mallbridge/mappers/codes"

// Defaults returns the rows with which a new workspace's master begins for a
// mall, those of the built-in table of payment methods. They are not applied
// unless the master has them: who collects the money is for the shop to confirm.
func Defaults(mall string) []Row {
	t, ok := codes.Builtin().Table(codes.Payments, mall)
	if !ok {
		return nil
	}
	var out []Row
	for _, r := range t.Rows() {
		out = append(out, Row{Account: mall, Name: r.Name, Code: r.Code, Payment: r.Ours})
	}
	return out
}
