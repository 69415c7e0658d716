package configs

import (
	"fmt"
	"time"
)

// Retention says how long personal data stays: names, addresses, phones, mail
// addresses, notes, customs ids.
type Retention struct {
	// How long the personal data of an order stays after the order has come to its
	// end (shipped, cancelled, done at the mall), and of a file after it came: 90d. 0
	// keeps it for ever. Open orders keep theirs. Some malls ask for less; accounts may
	// differ.
	PersonalData Duration `yaml:"personal_data" jsonschema:"default=90d"`
}

// AccountRetention is how long an account's personal data stays.
type AccountRetention struct {
	// How long the personal data of an order stays after the order has come to its
	// end. Default: as in mallbridge.yaml, or what the mall's own policy allows where
	// that is less (amazon: 30d). 0 keeps it for ever.
	PersonalData Duration `yaml:"personal_data"`
}

// fillRetention sets how long the account's personal data stays.
func (w *Workspace) fillRetention(a *Account) {
	if a.pos.has("retention.personal_data") {
		return
	}
	mall, _ := LookupMall(a.Mall)
	a.Retention.PersonalData = w.Settings.Retention.PersonalData
	if most := Duration(time.Duration(mall.KeepDays) * 24 * time.Hour); most > 0 && (a.Retention.PersonalData == 0 || most < a.Retention.PersonalData) {
		a.Retention.PersonalData = most
	}
}

const day = 24 * time.Hour

func (l *loader) checkRetention(p *positions, d Duration) bool {
	if d != 0 && d.Std() < day {
		l.at(p, "retention.personal_data", "retention.personal_data is "+d.String(), "write 1d or more; 0 keeps it for ever")
		return false
	}
	return true
}

func (l *loader) checkAccountRetention(a *Account) {
	d := a.Retention.PersonalData
	if !a.pos.has("retention.personal_data") || !l.checkRetention(a.pos, d) {
		return
	}
	mall, _ := LookupMall(a.Mall)
	if mall.KeepDays > 0 && (d == 0 || d.Std() > time.Duration(mall.KeepDays)*day) {
		l.warn(a.pos, "retention.personal_data", fmt.Sprintf("%s allows personal data to be kept for %d days after delivery", a.Mall, mall.KeepDays),
			fmt.Sprintf("write %dd or less, or be sure that the shop may keep it", mall.KeepDays))
	}
}
