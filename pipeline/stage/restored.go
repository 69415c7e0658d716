package stage

import (
	"context"
	"slices"

	"github.com/mallbridge/mallbridge/configs"
)

// Uncompared names what is to be compared with a restored ledger before anything is
// dropped at a warehouse: the warehouse itself, as warehouse/NAME, and the enabled
// accounts whose malls are asked by API, as account/NAME. It is empty if the ledger
// was never restored, and once all of it is compared.
func Uncompared(ctx context.Context, env *Env, w *configs.Warehouse) ([]string, error) {
	last, err := env.Ledger.LastRestore(ctx)
	if err != nil || last.At.IsZero() {
		return nil, err
	}
	what := []string{"warehouse/" + w.Name}
	for _, a := range env.Workspace.Accounts {
		if a.Enabled && a.UsesAPI() {
			what = append(what, "account/"+a.Name)
		}
	}
	var left []string
	for _, x := range slices.Compact(what) {
		ok, err := env.Ledger.Compared(ctx, x)
		if err != nil {
			return nil, err
		}
		if !ok {
			left = append(left, x)
		}
	}
	return left, nil
}
