package doctor

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// A disk that is full for real: a file system of a few MiB in memory.
func TestFullDisk(t *testing.T) {
	o := workspace(t, "console: {listen: off}\n")
	at := o.Workspace.Path("archive")
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", at, "tmpfs", 0, "size=4m,nr_inodes=20"); errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skip("only root may mount: ", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(at, 0); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(at, "sheet.csv"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range Look(t.Context(), o) {
		if f.Kind.Check == "disk" && f.Subject == at {
			if f.Kind.Name != "disk_full" || !slices.Equal(f.Args[:2], []string{"3.0 MiB", "4.0 MiB"}) {
				t.Errorf("%s %v", f.Kind.Name, f.Args)
			}
			return
		}
	}
	t.Error("the disk was not looked at")
}
