package configs

import (
	"slices"

	"github.com/mallbridge/mallbridge/mappers/delivery"
	"github.com/mallbridge/mallbridge/mappers/payment"
	"github.com/mallbridge/mallbridge/mappers/record"
)

// choices are the rows of the masters that say what people may write.
type choices struct {
	payments []payment.Row
	services []delivery.ServiceRow
	bands    []delivery.BandRow
}

// Choices lists, by field, what people may write into a sheet of the account, for
// the drop-down lists of templates: payment and delivery methods and time bands
// that the masters know. A master with a row for every text (*) gives no list. An
// empty account stands for the rows of all accounts.
func (w *Workspace) Choices(account string) map[record.Field][]string {
	mall := ""
	if a, ok := w.Account(account); ok {
		mall = a.Mall
	}
	of := func(row string) bool { return account == "" || row == "" || row == account || row == mall }
	out := map[record.Field][]string{}
	for _, r := range w.choices.payments {
		if of(r.Account) {
			out[record.OrderPayment] = append(out[record.OrderPayment], r.Name)
		}
	}
	for _, r := range w.choices.services {
		if of(r.Account) {
			out[record.OrderDelivery] = append(out[record.OrderDelivery], r.Name)
		}
	}
	for _, r := range w.choices.bands {
		if of(r.Account) {
			out[record.PackageTimeBand] = append(out[record.PackageTimeBand], r.Code)
		}
	}
	out[record.PackageTimeBand] = append(out[record.PackageTimeBand], delivery.Bands()...)
	for f, list := range out {
		slices.Sort(list)
		list = slices.DeleteFunc(slices.Compact(list), func(s string) bool { return s == "" })
		if len(list) == 0 || slices.Contains(list, payment.Any) {
			delete(out, f)
			continue
		}
		out[f] = list
	}
	return out
}
