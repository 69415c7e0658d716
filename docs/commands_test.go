package docs_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mallbridge/mallbridge/internal/cli"
	_ "github.com/mallbridge/mallbridge/ledger" // its driver
	"github.com/mallbridge/mallbridge/simulator/malls"
	"github.com/mallbridge/mallbridge/simulator/sftpd"
)

// notRun are commands of the program that blocks of pages may name and that cannot be
// run in a workspace on its own. They are understood all the same.
var notRun = map[string]string{
	"serve":           "it runs until it is stopped; internal/serve runs it",
	"demo":            "it plays a day; TestReadmeDemo runs it",
	"simulate":        "it runs until it is stopped; engineer/first.md is played with it",
	"account consent": "it waits for a person at a browser; internal/cli answers it",
	"migrate":         "it needs PostgreSQL; internal/cli moves a ledger there",
}

// system are programs of the machine that blocks may call and that are not run: something
// that does nothing takes their place.
var system = map[string]string{
	"sudo":       "changes the machine",
	"systemctl":  "changes the machine",
	"journalctl": "reads the machine's log",
	"apt-get":    "changes the machine",
	"apt":        "changes the machine",
	"dpkg":       "changes the machine",
	"docker":     "needs its service",
	"podman":     "needs its service",
	"scp":        "needs another machine",
	"curl":       "needs a service",
	"make":       "is about the source; the gate runs its targets",
	"go":         "is about the source; the gate runs it",
	"openssl":    "checks a signature of a message that the reader has",
	"ssh-keygen": "makes a key for another machine, and need not be installed",
}

// tools are programs of the machine that blocks may call, for they touch files of their
// folder only. There is no other on the PATH.
var tools = []string{"awk", "bash", "cat", "chmod", "cp", "cut", "date", "grep", "head", "ls", "mkdir", "mv", "rm", "sed", "sleep", "sort", "tail", "tr", "wc"}

// allPages are the pages whose commands are looked at.
func allPages(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "docs/*/*/*.md"} {
		found, err := filepath.Glob(root(pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			out = append(out, strings.TrimPrefix(filepath.ToSlash(f), "../"))
		}
	}
	return slices.DeleteFunc(out, func(name string) bool {
		return name == "CHANGELOG.md" || strings.HasPrefix(name, "docs/decisions/") // they speak of earlier days
	})
}

// ranPages are those whose blocks are run. The pages of malls ask for keys; each mall
// has a command script of its own. docs/install.md is run on a machine of its own
// (internal/install).
func ranPages(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(allPages(t), func(name string) bool { return strings.HasPrefix(name, "docs/malls/") || name == "docs/install.md" })
}

var (
	inline  = regexp.MustCompile("`([^`]+)`")
	ticks   = regexp.MustCompile("(?s)```.*?```")
	heredoc = regexp.MustCompile(`(?s)<<'(\w+)'\n.*?\n(\w+)\n`)
	// One of our commands in a line of a shell: at its beginning, or after what joins
	// commands.
	ours  = regexp.MustCompile(`(?:^|[|&;(]\s*|\bsudo (?:-u \w+ )?|\w+=\S+ +)(?:mallbridge|/usr/(?:local/)?bin/mallbridge) ([^|&;<>\n#]*?)(?:\s\d?>|[|&;<>\n#]|$)`)
	inner = regexp.MustCompile(`\$\(([^()]*)\)`)
	word  = regexp.MustCompile(`"[^"]*"|'[^']*'|\S+`)
)

func words(l string) []string {
	out := word.FindAllString(l, -1)
	for i := range out {
		out[i] = strings.Trim(out[i], `"')`)
	}
	return out
}

// isShell says of a block whether it holds commands.
func isShell(b block) bool { return b.kind == "sh" || b.kind == "console" || b.kind == "bash" }

// TestPagesNameRealCommands parses every command line of every page, in blocks and in
// the text: the command is there, and so are its flags.
func TestPagesNameRealCommands(t *testing.T) {
	groups := map[string]bool{}
	for _, g := range []string{"account", "alerts", "batches", "catalog", "format", "holds", "mall", "reports", "restore", "secret", "sku", "stock", "uploads", "user", "warehouse"} {
		groups[g] = true
	}
	looked := 0
	for _, name := range allPages(t) {
		for _, b := range blocks(t, name) {
			if !isShell(b) {
				continue
			}
			text := heredoc.ReplaceAllString(strings.ReplaceAll(b.text, "\\\n", " "), "\n")
			for l := range strings.Lines(inner.ReplaceAllString(text, "X\n$1\n")) {
				for _, m := range ours.FindAllStringSubmatch(strings.TrimSpace(comment.ReplaceAllString(l, "")), -1) {
					looked++
					if err := cli.Understand(words(m[1]), false); err != nil {
						t.Errorf("%s:%d: mallbridge %s: %v", name, b.line, m[1], err)
					}
				}
			}
		}
		for _, m := range inline.FindAllStringSubmatch(ticks.ReplaceAllString(page(t, name), ""), -1) {
			said, _, _ := strings.Cut(m[1], " >")
			ws := words(said)
			switch {
			case len(ws) == 0:
				continue
			case slices.ContainsFunc(ws, func(w string) bool { return strings.ContainsAny(w, "…|") }):
				continue
			case ws[0] == "mallbridge" && len(ws) > 1:
				ws = ws[1:]
			case len(ws) > 1 && groups[ws[0]] && strings.Trim(ws[1], "abcdefghijklmnopqrstuvwxyz") == "":
			default:
				continue
			}
			looked++
			if err := cli.Understand(ws, true); err != nil {
				t.Errorf("%s: `%s`: %v", name, m[1], err)
			}
		}
	}
	if looked < 300 {
		t.Errorf("only %d commands were looked at", looked)
	}
}

// TestPagesRun runs every block of commands of the books in a workspace of its own, a
// copy of the prepared one. A command that fails fails the test; exit code 3, something
// waits for a person, is part of the story.
func TestPagesRun(t *testing.T) {
	found := 0
	for _, name := range ranPages(t) {
		var mine []block
		for _, b := range blocks(t, name) {
			if isShell(b) && b.mark != "run" {
				mine = append(mine, b)
			}
		}
		if len(mine) == 0 {
			continue
		}
		found += len(mine)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, err := prepared()
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range mine {
				runBlock(t, name, b, from)
			}
		})
	}
	if found < 50 {
		t.Errorf("only %d blocks were found", found)
	}
}

// outside are folders of the machine that pages name; in the test they lie beside the
// workspace.
var outside = regexp.MustCompile(`(^|[\s="'])(/backup|/srv|/etc/mallbridge|/var/lib/mallbridge)\b`)

func runBlock(t *testing.T, name string, b block, from scenes) {
	t.Helper()
	dir := t.TempDir()
	if err := copyScene(dir, from.of(b)); err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	script.WriteString("set -o pipefail\n" + watched)
	for program := range system {
		fmt.Fprintf(&script, "%s() { cat > /dev/null; }\n", program)
	}
	script.WriteString("mallbridge() {\n case \"$* \" in\n")
	for command := range notRun {
		fmt.Fprintf(&script, " '%s '*) return 0 ;;\n", command)
	}
	script.WriteString(" esac\n command mallbridge \"$@\"\n}\n")
	fmt.Fprintf(&script, "cd shop\n%s\nexit 0\n", stand.replace(outside.ReplaceAllString(b.text, "${1}"+dir+"${2}")))
	if out, err := try(dir, script.String()); err != nil {
		lines := strings.Split(out, "\n")
		t.Errorf("%s:%d: %v\n%s\n%s", name, b.line, err, b.text, strings.Join(lines[max(0, len(lines)-15):], "\n"))
	}
}

// watched ends a script at the first command that fails, and says which.
const watched = "trap 'c=$?; [ $c -eq 3 ] || { echo \"exit code $c: $BASH_COMMAND\"; exit 1; }' ERR\n"

// A standIn has ports of this machine that are free, for the stand-ins that pages
// start, and the address of an SFTP server for those that they only name.
type standIn struct {
	mall, sftp int
	server     string
}

var stand = standIn{mall: freePort(), sftp: freePort()}

func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// replace puts the addresses of the stand-ins where pages name theirs.
func (s standIn) replace(text string) string {
	return strings.NewReplacer("8801", strconv.Itoa(s.mall), "2222", strconv.Itoa(s.sftp), "sftp.example.com", s.server).Replace(text)
}

// A scene is a folder with a workspace, shop, in which the commands of pages make sense,
// and with the folders that pages name beside it. There are two: on a calm day there are
//
//	1001      on hold for its remark       1002  not planned yet
//	1003      shipped by T000001; its report is held
//	rakuten-1 whose mall answers           tokyo, a warehouse that is a folder
//
// and on the other T000012 is in doubt and T000013 waits for approval as well.
type scenes struct{ calm, open string }

// of says which a block plays in.
func (s scenes) of(b block) string {
	if strings.Contains(b.text, "T0000") {
		return s.open
	}
	return s.calm
}

var prepared = sync.OnceValues(func() (s scenes, err error) {
	s = scenes{filepath.Join(bin, "calm"), filepath.Join(bin, "open")}
	keys, err := standIns(bin)
	if err != nil {
		return s, err
	}
	if err := os.MkdirAll(filepath.Join(s.calm, "shop"), 0o777); err != nil {
		return s, err
	}
	if err := prepare(s.calm, setUp+keys+
		sheet("a", row("1003", ""))+aDay+
		"printf 'instruction_number,tracking_number,shipped_on\\nT00000001,400000003023,2026/11/24\\n' > drops/tokyo/results/result_1.csv\n"+
		"printf 'sku,on_hand\\nTEE-W-M,41\\n' > drops/tokyo/stock/stock_1.csv\n"+aDay+
		sheet("b", row("1001", "のしを付けてください"))+"mallbridge run extract plan --account plain\n"+
		sheet("c", row("1002", ""))+"mallbridge run extract --account plain\n"+
		sheet("../../orders", row("2001", ""))+"cp orders.csv sample.csv\n"+
		"cp in.csv inbox/rakuten-1/orders.csv\n"+
		"printf 'account,code,sku,quantity\\nplain,mug,MUG-RED,1\\n' > links.csv\n"+
		"mallbridge backup ../backup/monday.tar.gz\n"); err != nil {
		return s, err
	}
	if err := copyScene(s.open, s.calm); err != nil {
		return s, err
	}
	return s, errors.Join(
		query(s.open, `UPDATE counters SET value = 11 WHERE name = 'batches'`),
		prepare(s.open, "sed -i 's/^  folder: orders/&\\n  approval: always/' warehouses/tokyo.yaml\n"+
			sheet("d", row("1004", ""))+aDay+"mallbridge batches approve T000012\n"+aDay+"rm drops/tokyo/orders/*T000012*\n"+
			sheet("e", row("1005", ""))+aDay),
		query(s.open, `UPDATE batches SET state = 'in_doubt' WHERE number = 'T000012'`),
	)
})

// The pages of serve are where nobody listens: doctor asks there.
const (
	setUp = `mallbridge init . --lang en
mkdir -p ../backup ../srv keys tests/formats
cp -r "$REPO"/testdata/formats/warehouse-instructions tests/formats/
cp "$REPO"/testdata/formats/rakuten-orders/ordinary/input.csv in.csv
mkdir -p inbox/rakuten-1
sed -i 's/^language: .*/language: en/; s/^#console:/console:/; s/^#  #listen: .*/  listen: 127.0.0.1:1/' mallbridge.yaml
sed -i 's/^  format: .*/&\n  looks: 1/' warehouses/*.yaml
sed -i '/^instructions:/,/^  looks: 1/{/looks/d}; /^stops:/,/^  looks: 1/{/looks/d}' warehouses/*.yaml
rm accounts/coupang-1.yaml accounts/smartstore-1.yaml warehouses/sftp-example.yaml
for code in services:takkyubin payments:prepaid bands:; do echo "*,${code#*:}" > "${code%:*}.csv"; done
printf '%s\n' 'auto_report: false' 'intake: {looks: 1}' >> accounts/plain.yaml
echo 'intake: {looks: 1}' >> accounts/rakuten-1.yaml
echo 'plain,tee-m,TEE-W-M,1,,,,' >> masters/sku-links.csv
`
	aDay = "mallbridge run extract plan instruct collect report --account plain --warehouse tokyo\n"
)

// sheet is the command that drops a sheet of the account plain.
func sheet(name string, rows ...string) string {
	const head = "order_number,payment,to_name,to_phone,to_postal,to_prefecture,to_city,to_street,item_code,item_name,quantity,price,total,note"
	return fmt.Sprintf("printf '%%s\\n' '%s' > inbox/plain/%s.csv\n", strings.Join(slices.Concat([]string{head}, rows), "' '"), name)
}

func row(number, note string) string {
	return number + ",prepaid,見本 花子,03-0000-0001,1000001,東京都,千代田区,千代田0-" + number + ",tee-m,Tシャツ 白 M,1,2000,2000," + note
}

func prepare(scene, script string) error {
	repo, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	if out, err := try(filepath.Join(scene, "shop"), "set -o pipefail\nREPO='"+repo+"'\n"+watched+script+"exit 0\n"); err != nil {
		return fmt.Errorf("the workspace of the pages: %w\n%s\n%s", err, script, out)
	}
	return nil
}

func query(scene, q string) error {
	db, err := sql.Open("sqlite", filepath.Join(scene, "shop", "ledger.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(context.Background(), q)
	return err
}

// copyScene copies a scene; files of secrets stay their owner's only.
func copyScene(to, from string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	keys, err := filepath.Glob(filepath.Join(to, "shop", "keys", "*"))
	for _, k := range keys {
		err = errors.Join(err, os.Chmod(k, 0o600))
	}
	return err
}

// standIns starts a mall and an SFTP server, which shows dir, for as long as the tests run, and returns
// the commands that tell the workspace of the mall.
func standIns(dir string) (string, error) {
	// A second passes with each look at the clock, so that no caller is too fast.
	var looks atomic.Int64
	mall, err := malls.Open("rakuten", malls.Options{Now: func() time.Time { return time.Now().Add(time.Duration(looks.Add(1)) * time.Second) }})
	if err != nil {
		return "", err
	}
	if _, err := mall.Place(3, false); err != nil {
		return "", err
	}
	server, err := sftpd.Start(sftpd.Config{Root: dir, Password: "of-a-test"})
	if err != nil {
		return "", err
	}
	stand.server = net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
	keys := "chmod 700 keys\n"
	api := "api:\n  base_url: " + httptest.NewServer(mall).URL + "\n  secrets:\n"
	for name, value := range mall.Shop.Secrets {
		keys += fmt.Sprintf("(umask 077; printf %%s '%s' > keys/%s)\n", value, name)
		api += "    " + name + ": file:keys/" + name + "\n"
	}
	return keys + "cat >> accounts/rakuten-1.yaml <<'END'\n" + api + "END\n", nil
}
