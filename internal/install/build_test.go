package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// build makes the packages of the version before and of this tree, and returns where
// each lies. The version before is the last release; as long as there is none, the
// last commit that had an older schema of the ledger; without a history of this tree,
// this tree once more, which proves no change of the schema.
func build(t *testing.T) (older, newer string) {
	tree, err := filepath.Abs("../..")
	must(t, err)
	newer = filepath.Join(t.TempDir(), "newer")
	release(t, tree, newVersion, newer)
	older = filepath.Join(t.TempDir(), "older")
	before := before(t, tree)
	if before == "" {
		t.Log("there is no history: the version before is this tree under another number")
		release(t, tree, oldVersion, older)
		return older, newer
	}
	src := t.TempDir()
	archive := filepath.Join(t.TempDir(), "before.tar")
	host(t, "git", "-C", tree, "archive", "--output="+archive, before)
	host(t, "tar", "--extract", "--file", archive, "--directory", src)
	if text, err := os.ReadFile(filepath.Join(src, "packaging", "release")); err != nil || !strings.Contains(string(text), "DIST:-dist") {
		// It was packed by hand in those days, or into one folder only.
		host(t, "cp", "-r", filepath.Join(tree, "packaging"), src)
		if _, err := os.Stat(filepath.Join(src, "internal", "cli", "manual.go")); err != nil {
			host(t, "sed", "-i", `s|.* manual "$share/man"$|echo .TH MALLBRIDGE 1 >"$share/man/mallbridge.1"|`, filepath.Join(src, "packaging", "release"))
		}
	}
	release(t, src, oldVersion, older)
	return older, newer
}

// before is the commit of the version before; empty if there is no history.
func before(t *testing.T, tree string) string {
	git := func(args ...string) string {
		out, err := exec.Command("git", append([]string{"-C", tree}, args...)...).Output()
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	if tag := git("describe", "--tags", "--match=v[0-9]*", "--abbrev=0", "HEAD"); tag != "" {
		return tag
	}
	steps, err := filepath.Glob(filepath.Join(tree, "ledger", "migrations", "sqlite", "*.sql"))
	must(t, err)
	slices.Sort(steps)
	rel, err := filepath.Rel(tree, steps[len(steps)-1])
	must(t, err)
	// Where it came first, under whatever number.
	commit, _, _ := strings.Cut(git("log", "--follow", "--diff-filter=A", "--format=%H", "--", rel), "\n")
	if commit == "" {
		return ""
	}
	return git("rev-parse", "--verify", "--quiet", commit+"^")
}

// release runs packaging/release of a tree for this machine's package.
func release(t *testing.T, tree, version, to string) {
	c := exec.Command("bash", "packaging/release", version, "linux/amd64")
	c.Dir = tree
	c.Env = append(os.Environ(), "DIST="+to, "GOWORK=off")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("packaging/release %s: %v\n%s", version, err, out)
	}
}

// programOf is the program in the package in dir.
func programOf(t *testing.T, dir string) []byte {
	t.Helper()
	tar, err := filepath.Glob(filepath.Join(dir, "*linux_amd64.tar.gz"))
	must(t, err)
	return []byte(host(t, "tar", "--extract", "--to-stdout", "--file", tar[0], "./mallbridge"))
}
