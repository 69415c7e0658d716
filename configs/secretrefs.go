package configs

import (
	"maps"
	"slices"

	"github.com/mallbridge/mallbridge/internal/secrets"
)

// A SecretRef is a reference to a secret and where it stands.
type SecretRef struct {
	Where string // accounts/rakuten-1.yaml: intake.password
	Ref   secrets.Ref
	Off   bool // of an account or warehouse that is not enabled: nothing needs it
}

// SecretRefs lists every reference to a secret in the workspace.
func (w *Workspace) SecretRefs() []SecretRef {
	var out []SecretRef
	off := false
	add := func(file, key string, ref secrets.Ref) {
		if ref != "" {
			out = append(out, SecretRef{file + ": " + key, ref, off})
		}
	}
	if ref, err := secrets.ParseRef(w.Settings.Ledger); err == nil {
		add(SettingsFile, "ledger", ref)
	}
	add(SettingsFile, "s3.access_key", w.Settings.S3.AccessKey)
	add(SettingsFile, "s3.secret_key", w.Settings.S3.SecretKey)
	add(SettingsFile, "sftp.key", w.Settings.SFTP.Key)
	add(SettingsFile, "sftp.passphrase", w.Settings.SFTP.Passphrase)
	add(SettingsFile, "sftp.password", w.Settings.SFTP.Password)
	w.channelSecrets(add)
	for _, a := range w.Accounts {
		off = !a.Enabled
		add(a.File, "intake.password", a.Intake.Password)
		if a.API != nil {
			for _, name := range slices.Sorted(maps.Keys(a.API.Secrets)) {
				add(a.File, "api.secrets."+name, a.API.Secrets[name])
			}
			for _, name := range slices.Sorted(maps.Keys(a.API.Next)) {
				add(a.File, "api.next."+name, a.API.Next[name])
			}
		}
	}
	for _, h := range w.Warehouses {
		off = !h.Enabled
		add(h.File, "drop.key", h.Drop.Key)
		add(h.File, "drop.passphrase", h.Drop.Passphrase)
		add(h.File, "drop.password", h.Drop.Password)
	}
	return out
}
