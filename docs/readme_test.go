package docs_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readmes in the order in which they were written; the others follow the first.
var readmes = []string{"README.md", "README.ja.md", "README.ko.md"}

// A block is a fenced part of a page. Mark is the text of the HTML comment before
// it: "run" for commands that TestReadmeRuns runs, "shows" for lines of what
// they print.
type block struct {
	mark, kind string
	text       string
	line       int
}

func (b block) lines() []string { return strings.Split(strings.TrimRight(b.text, "\n"), "\n") }

func root(name string) string { return filepath.Join("..", name) }

func page(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(root(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func blocks(t *testing.T, name string) []block {
	t.Helper()
	var out []block
	var open *block
	mark := ""
	for i, l := range strings.Split(page(t, name), "\n") {
		switch {
		case open != nil && l == "```":
			out = append(out, *open)
			open, mark = nil, ""
		case open != nil:
			open.text += l + "\n"
		case strings.HasPrefix(l, "```"):
			open = &block{mark: mark, kind: strings.TrimPrefix(l, "```"), line: i + 1}
		case strings.HasPrefix(l, "<!-- ") && strings.HasSuffix(l, " -->"):
			mark = strings.TrimSuffix(strings.TrimPrefix(l, "<!-- "), " -->")
		case strings.TrimSpace(l) != "":
			mark = ""
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block does not end", name, open.line)
	}
	return out
}

var (
	comment  = regexp.MustCompile(`\s+#.*|^#.*`)
	language = regexp.MustCompile(`--lang (en|ja|ko)`)
	note     = regexp.MustCompile(`--note "[^"]*"`)
	// Books that exist in each language are named by the page's own.
	ownLanguage = regexp.MustCompile(`(operator/)(?:en|ja|ko)|(?:\.ja|\.ko)(\.md)`)
	pageLink    = regexp.MustCompile(`\]\((docs/[^)]*|CHANGELOG\.md|CONTRIBUTING\.md|LICENSE)\)`)
)

// commands are the shell commands of a page without what may differ between
// languages.
func commands(t *testing.T, name string) []string {
	t.Helper()
	var out []string
	for _, b := range blocks(t, name) {
		if b.kind != "sh" {
			continue
		}
		for _, l := range b.lines() {
			l = comment.ReplaceAllString(l, "")
			l = language.ReplaceAllString(l, "--lang xx")
			out = append(out, b.mark+": "+note.ReplaceAllString(l, "--note xx"))
		}
	}
	return out
}

// TestReadmesInStep compares what must be the same in every language: commands,
// the order of sections, the shape of tables and lists, links and numbers.
func TestReadmesInStep(t *testing.T) {
	shape := func(name string) (out []string) {
		for _, l := range strings.Split(page(t, name), "\n") {
			switch {
			case strings.HasPrefix(l, "#"):
				out = append(out, l[:strings.IndexByte(l, ' ')])
			case strings.HasPrefix(l, "|"):
				out = append(out, fmt.Sprintf("row of %d", strings.Count(l, "|")))
			case strings.HasPrefix(l, "```"), strings.HasPrefix(l, "- "):
				out = append(out, l[:2])
			case strings.HasPrefix(l, "<!--"):
				out = append(out, l)
			case len(l) > 2 && l[0] >= '1' && l[0] <= '9' && l[1] == '.':
				out = append(out, l[:2])
			}
			for _, m := range pageLink.FindAllStringSubmatch(l, -1) {
				out = append(out, ownLanguage.ReplaceAllString(m[1], "$1$2"))
			}
		}
		return out
	}
	for _, other := range readmes[1:] {
		if d := cmp.Diff(commands(t, readmes[0]), commands(t, other)); d != "" {
			t.Errorf("the commands of %s are not those of %s:\n%s", other, readmes[0], d)
		}
		if d := cmp.Diff(shape(readmes[0]), shape(other)); d != "" {
			t.Errorf("%s is not built like %s:\n%s", other, readmes[0], d)
		}
	}
}

// bin is the folder that holds the program.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if bin, err = os.MkdirTemp("", "mallbridge-docs-*"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(bin)
		return m.Run()
	}())
}

// build makes the program, and a folder with the tools of the machine that pages may
// call.
var build = sync.OnceValues(func() (string, error) {
	if err := os.Mkdir(filepath.Join(bin, "tools"), 0o777); err != nil {
		return "", err
	}
	for _, name := range tools {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", err
		}
		if err := os.Symlink(path, filepath.Join(bin, "tools", name)); err != nil {
			return "", err
		}
	}
	out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "mallbridge"), "github.com/mallbridge/mallbridge").CombinedOutput()
	return string(out), err
})

// shell runs a script in dir with the program on the PATH and returns all that it
// prints.
func shell(t *testing.T, dir, script string) string {
	t.Helper()
	out, err := try(dir, script)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// try is shell for scripts that may fail.
func try(dir, script string) (string, error) {
	if out, err := build(); err != nil {
		return out, fmt.Errorf("build: %w", err)
	}
	c := exec.Command("bash", "-c", script)
	c.Dir = dir
	c.Env = []string{"PATH=" + bin + string(os.PathListSeparator) + filepath.Join(bin, "tools"), "HOME=" + dir, "TMPDIR=" + dir, "LC_ALL=C.UTF-8", "USER=reader"}
	out, err := c.CombinedOutput()
	return string(out), err
}

// TestPagesPlay runs the marked commands of each page that tells a story in an empty
// folder, one after another, and looks for the lines that the page shows. Exit code 3
// (something waits for a person) is part of the story.
func TestPagesPlay(t *testing.T) {
	for _, name := range append(slices.Clone(readmes), "docs/engineer/first.md") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, name)
		})
	}
}

// background is a stand-in that a page starts beside its commands. The next command
// waits until it says that it is there.
var background = regexp.MustCompile(`(?m)^(mallbridge simulate .*2?> (\S+)) &$`)

const waits = `trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
there() { for _ in {1..600}; do if grep -q Ctrl-C "$1" 2>/dev/null; then return; fi; sleep 0.05; done; cat "$1"; return 1; }
`

func run(t *testing.T, name string) {
	const separator = "\x1e"
	script := watched + waits
	var ran []block
	shows := map[int][]block{}
	for _, b := range blocks(t, name) {
		switch b.mark {
		case "run":
			script += "printf '" + separator + "'\n" + background.ReplaceAllString(stand.replace(b.text), "$1 &\nthere $2")
			ran = append(ran, b)
		case "shows":
			shows[len(ran)-1] = append(shows[len(ran)-1], b)
		}
	}
	if len(ran) < 3 {
		t.Fatalf("%s: only %d blocks are marked to be run", name, len(ran))
	}
	out := strings.Split(shell(t, t.TempDir(), script), separator)[1:]
	if len(out) != len(ran) {
		t.Fatalf("%s: %d of %d blocks were run:\n%s", name, len(out), len(ran), strings.Join(out, "\n"))
	}
	for i, bs := range shows {
		for _, b := range bs {
			rest := split(out[i])
			for n, l := range b.lines() {
				at := slices.Index(rest, normal(l))
				if at < 0 {
					t.Errorf("%s:%d: this line is not printed (any more), or at another place:\n%s\nof:\n%s", name, b.line+1+n, l, out[i])
					break
				}
				rest = rest[at+1:]
			}
		}
	}
}

var (
	moment = regexp.MustCompile(`\d{4}[-/]\d\d[-/]\d\d( \d\d:\d\d(:\d\d)?)?`)
	spaces = regexp.MustCompile(`\s+`)
)

// normal takes away what changes from day to day.
func normal(l string) string {
	return strings.TrimSpace(spaces.ReplaceAllString(moment.ReplaceAllString(l, "DATE"), " "))
}

func split(out string) []string {
	ls := strings.Split(out, "\n")
	for i := range ls {
		ls[i] = normal(ls[i])
	}
	return ls
}
