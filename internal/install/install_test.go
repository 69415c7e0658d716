package install

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"

	"github.com/mallbridge/mallbridge/configs"
	"github.com/mallbridge/mallbridge/simulator/orders"
)

var on = flag.Bool("install", false, "install the packages on a machine in a folder; needs root")

// The versions that take the place of those in docs/install.md.
const (
	oldVersion = "0.0.1"
	newVersion = "0.0.2"
)

// TestInstall is the life of an installation: the package of an older version, a day
// of work, the package of this tree over it, more work, a backup, the loss of
// everything, a new machine, the restore, its comparison, and the day after. At the
// end every line of every order was at its warehouse once.
func TestInstall(t *testing.T) {
	if !*on {
		t.Skip("it installs packages on a machine in a folder, as root: make install-test")
	}
	if miss := missing(); len(miss) > 0 {
		t.Fatalf("it needs %s", strings.Join(miss, " and "))
	}
	var older, newer string
	var m *machine
	var builds sync.WaitGroup
	builds.Go(func() { older, newer = build(t) })
	m = newMachine(t)
	builds.Wait()
	if older == "" || newer == "" {
		t.FailNow()
	}
	say(t, "packages and machine are made")
	s := &shop{machine: m, docs: readBlocks(t)}
	for _, dir := range []string{older, newer} {
		for _, pattern := range []string{"*.deb", "*linux_amd64.tar.gz", "SHA256SUMS"} {
			files, err := filepath.Glob(filepath.Join(dir, pattern))
			must(t, err)
			for _, f := range files {
				text, err := os.ReadFile(f)
				must(t, err)
				m.put("/root/"+filepath.Base(f), string(text))
			}
		}
	}
	m.put("/opt/stand-in/mallbridge", string(programOf(t, newer)))
	m.sh("chmod 755 /opt/stand-in/mallbridge")
	s.malls()
	s.warehouses()

	// The older version, and a day.
	s.doc("install", oldVersion)
	s.settle()
	s.doc("environment", oldVersion)
	s.doc("check", oldVersion)
	s.place(12)
	s.doc("start", oldVersion)
	s.hardened("mallbridge.service")
	s.shipped("the first day", 24)
	s.told("true")
	say(t, "the first day is shipped, with version "+oldVersion)

	// This version over it, while the service runs.
	s.place(6)
	s.doc("upgrade", newVersion)
	s.hardened("mallbridge.service")
	s.shipped("the day of the upgrade", 36)
	s.older(older)
	say(t, "upgraded while it ran")

	// A backup, work after it, and everything is lost.
	s.doc("backup", newVersion)
	s.place(4)
	m.sh("./mb run extract")
	s.shipped("what the backup does not know", 44)
	m.sh("cp /var/backups/mallbridge/*.age /etc/mallbridge/environment /root/")
	s.doc("remove", newVersion)
	s.removed()
	say(t, "backed up and wiped")

	// A new installation from the backup.
	s.doc("reinstall", newVersion)
	s.doc("restore", newVersion)
	m.sh("install -m 640 -g mallbridge environment /etc/mallbridge/environment")
	s.place(4)
	m.sh("systemctl start mallbridge.service")
	s.compared()
	say(t, "restored and compared")

	// The next day, by the timer.
	s.place(4)
	s.doc("timer", newVersion)
	s.byTimer(44)
	// Eight went between backup and loss: the warehouse has them, the ledger holds them.
	s.shipped("the day after", 52)
	s.told("systemctl start mallbridge-run.service")
	s.once()
	say(t, "the next day is shipped by the timer")

	// The tar file, on the same machine without the package.
	m.sh("systemctl disable --now mallbridge-run.timer")
	s.doc("remove", newVersion)
	s.doc("tar", newVersion)
	s.doc("tar-service", newVersion)
	s.doc("tar-share", newVersion)
	s.hardened("mallbridge.service")
	s.help()
}

// say logs how far it is, with the time that it took.
func say(t *testing.T, what string) { t.Logf("%s  %s", time.Now().Format("15:04:05"), what) }

// missing are the programs without which there is no machine.
func missing() []string {
	var out []string
	if os.Geteuid() != 0 {
		out = append(out, "root")
	}
	for _, p := range [][2]string{{"systemd-nspawn", "systemd-container"}, {"mmdebstrap", "mmdebstrap"}, {"nsenter", "util-linux"}} {
		if _, err := exec.LookPath(p[0]); err != nil {
			out = append(out, fmt.Sprintf("%s (package %s)", p[0], p[1]))
		}
	}
	return out
}

// A shop is a machine with malls, warehouses and an installation between them.
type shop struct {
	*machine
	docs   map[string]string
	placed []string // numbers of orders
}

// doc runs the commands of docs/install.md with a name.
func (s *shop) doc(name, version string) string {
	s.t.Helper()
	script, ok := s.docs[name]
	if !ok {
		s.t.Fatalf("docs/install.md has no commands %q", name)
	}
	return s.sh("cd /root\n" + strings.NewReplacer("1.2.3", version, "1.2.4", version).Replace(script))
}

// The malls and the port of each.
var ports = map[string]int{"rakuten": 8801, "coupang": 8802}

// malls starts the stand-ins of the malls, without orders.
func (s *shop) malls() {
	s.t.Helper()
	for mall, port := range ports {
		s.sh(fmt.Sprintf("systemd-run --quiet --unit=mall-%s -p DynamicUser=yes /opt/stand-in/mallbridge simulate --mall %s --port %d --orders 0 --every 0", mall, mall, port))
		await(s.t, mall, func() bool {
			_, err := s.try("", fmt.Sprintf("curl -fsS http://127.0.0.1:%d/-/", port))
			return err == nil
		})
	}
}

// place lets each mall sell n orders. Those at Coupang still wait for the shop's
// confirmation; Rakuten takes a minute from there to the next status.
func (s *shop) place(n int) {
	s.t.Helper()
	for _, mall := range slices.Sorted(maps.Keys(ports)) {
		var got struct{ Orders []string }
		s.decode(s.sh(fmt.Sprintf(`curl -fsS -d '{"orders": %d, "fresh": %t}' http://127.0.0.1:%d/-/place`, n, mall == "coupang", ports[mall])), &got)
		s.placed = append(s.placed, got.Orders...)
	}
}

func (s *shop) decode(text string, v any) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		s.t.Fatalf("%v in %s", err, text)
	}
}

// The warehouses and what their people's program reads.
var layouts = map[string]string{"tokyo": "warehouse-instructions", "seoul": "warehouse-instructions-kr"}

// warehouses gives each warehouse a login of the machine's OpenSSH and a program in
// place of its people, which works in the same folder.
func (s *shop) warehouses() {
	s.t.Helper()
	s.put("/etc/ssh/sshd_config.d/warehouses.conf", "Match User tokyo,seoul\n  ForceCommand internal-sftp\n  PasswordAuthentication no\n")
	s.sh("ssh-keygen -A; ssh-keygen -q -t ed25519 -N '' -f /root/drop-key; systemctl reset-failed ssh; systemctl restart ssh")
	port := 2222
	for _, name := range slices.Sorted(maps.Keys(layouts)) {
		mark := ""
		if name == "tokyo" {
			mark = " --done-mark {name}.done"
		}
		s.sh(fmt.Sprintf(`useradd --system --create-home --home-dir /srv/%[1]s --shell /usr/sbin/nologin %[1]s
install -d -m 700 -o %[1]s /srv/%[1]s/.ssh /srv/%[1]s/drop
install -m 600 -o %[1]s drop-key.pub /srv/%[1]s/.ssh/authorized_keys
systemd-run --quiet --unit=people-%[1]s -p User=%[1]s /opt/stand-in/mallbridge simulate warehouse --name %[1]s --root /srv/%[1]s/drop --listen 127.0.0.1:%[2]d --layout %[3]s --every 500ms%[4]s`,
			name, port, layouts[name], mark))
		port++
	}
}

// settle puts the settings of the test into the workspace that init wrote, and the
// secrets into the file environment.
func (s *shop) settle() {
	s.t.Helper()
	values := map[string]any{"Since": time.Now().UTC().AddDate(0, 0, -7).Format(time.DateOnly)}
	var env strings.Builder
	for _, mall := range slices.Sorted(maps.Keys(ports)) {
		var got struct {
			Shop struct{ Settings, Secrets map[string]string }
		}
		s.decode(s.sh(fmt.Sprintf("curl -fsS http://127.0.0.1:%d/-/", ports[mall])), &got)
		values[strings.ToUpper(mall[:1])+mall[1:]] = got.Shop.Settings
		for _, name := range slices.Sorted(maps.Keys(got.Shop.Secrets)) {
			fmt.Fprintf(&env, "%s_%s=%s\n", strings.ToUpper(mall), strings.ToUpper(name), got.Shop.Secrets[name])
		}
	}
	s.put("/root/environment", env.String())
	s.sh("rm /var/lib/mallbridge/accounts/* /var/lib/mallbridge/warehouses/* /var/lib/mallbridge/rules.yaml")
	files, err := filepath.Glob("testdata/workspace/*/*.yaml")
	must(s.t, err)
	for _, f := range append(files, "testdata/workspace/mallbridge.yaml") {
		text, err := os.ReadFile(f)
		must(s.t, err)
		rel, err := filepath.Rel("testdata/workspace", f)
		must(s.t, err)
		if !strings.HasPrefix(rel, "formats") { // their own braces are for later
			var b bytes.Buffer
			must(s.t, template.Must(template.New(rel).Option("missingkey=error").Parse(strings.ReplaceAll(string(text), "{name}", "{{`{name}`}}"))).Execute(&b, values))
			text = b.Bytes()
		}
		s.put("/var/lib/mallbridge/"+rel, string(text))
	}
	for name, rows := range map[string][][]string{
		configs.SKULinks:         append([][]string{{"account", "code", "sku", "quantity"}}, orders.Links()...),
		configs.PaymentMaster:    append([][]string{{"account", "name", "code", "payment"}}, orders.Payments...),
		configs.DeliveryServices: append([][]string{{"account", "name", "payment", "temperature", "warehouse", "service", "carrier"}}, orders.Services...),
		configs.TimeBands:        append([][]string{{"account", "carrier", "code", "band"}}, orders.TimeBands...),
	} {
		rows = slices.DeleteFunc(rows, func(r []string) bool { return slices.Contains(r, "narita") })
		var b bytes.Buffer
		must(s.t, csv.NewWriter(&b).WriteAll(rows))
		s.put("/var/lib/mallbridge/masters/"+name+".csv", b.String())
	}
	s.sh(`cd /var/lib/mallbridge
rm masters/skus.csv
install -d -m 700 keys
install -m 600 /root/drop-key keys/id_ed25519
for k in /etc/ssh/ssh_host_*_key.pub; do echo "127.0.0.1 $(cut -d' ' -f1,2 "$k")"; done >keys/known_hosts
chown -R mallbridge:mallbridge .`)
}

// hardened looks whether what the unit says is in force in the running program.
func (s *shop) hardened(unit string) {
	s.t.Helper()
	status := s.sh(`cat /proc/$(systemctl show -P MainPID ` + unit + `)/status`)
	for _, want := range []string{"NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"} {
		if !strings.Contains(status, want) {
			s.t.Errorf("the service has not %q:\n%s", want, status)
		}
	}
	// What the program would meet, tried in its own view of the files as its user.
	in := `pid=$(systemctl show -P MainPID ` + unit + `); as() { nsenter --target $pid --mount --wd=/ -- setpriv --reuid mallbridge --regid mallbridge --clear-groups --inh-caps=-all "$@"; }
test "$(stat -c %U /proc/$pid)" = mallbridge
as touch /var/lib/mallbridge/.writable && as rm /var/lib/mallbridge/.writable
`
	s.sh(in)
	for _, closed := range []string{"touch /usr/bin/x", "touch /etc/mallbridge/x", "touch /var/lib/x", "ls /root", "ls /home/x", "mknod /dev/x c 1 3", "ls /proc/1", "cat /proc/meminfo", "touch /sys/x"} {
		if out, err := s.try("", in+"as "+closed); err == nil {
			s.t.Errorf("from within the service %s works: %s", closed, out)
		}
	}
	// As root, too, nothing outside may be written.
	for _, dir := range []string{"/usr", "/etc", "/boot", "/var/lib", "/srv"} {
		if _, err := s.try("", `nsenter --target $(systemctl show -P MainPID `+unit+`) --mount --wd=/ -- touch `+dir+`/x`); err == nil {
			s.t.Errorf("%s is not closed to the service", dir)
		}
	}
	s.sh("systemd-analyze security --no-pager --threshold=25 " + unit)
}

// shipped waits until n orders are shipped, and balances the books.
func (s *shop) shipped(when string, n int) {
	s.t.Helper()
	await(s.t, when, func() bool {
		out, err := s.try("", "./mb account list --json")
		if err != nil {
			return false
		}
		var list []struct{ Orders, Shipped int }
		s.decode(out, &list)
		shipped := 0
		for _, a := range list {
			shipped += a.Shipped
		}
		return shipped == n
	})
	if out := s.sh("./mb prove"); !strings.Contains(out, "balanced") {
		s.t.Errorf("%s: %s", when, out)
	}
}

// told waits until every mall shows every tracking number, with a command in between.
// Rakuten says only after half a minute whether it took one, and serve tells a mall of
// new ones at the mall's pace, so not every day waits for it.
func (s *shop) told(between string) {
	s.t.Helper()
	await(s.t, "the malls to show the numbers", func() bool {
		out, err := s.try("", between+"; ./mb reports --json")
		var list []struct{ State string }
		if err != nil {
			return false
		}
		s.decode(out, &list)
		return len(list) == 0
	})
}

// older looks what the older program says to the newer ledger, and what the upgrade
// left for it.
func (s *shop) older(dir string) {
	s.t.Helper()
	s.put("/opt/older/mallbridge", string(programOf(s.t, dir)))
	s.sh("chmod 755 /opt/older/mallbridge")
	left := s.sh("find /var/lib/mallbridge -name 'ledger.db.schema-*' -user mallbridge")
	if strings.TrimSpace(left) == "" {
		s.t.Log("both versions have the same schema: nothing to take forward, and no refusal to see")
		return
	}
	out, err := s.try("", `cd /var/lib/mallbridge; sudo -u mallbridge /opt/older/mallbridge orders`)
	if err == nil || !strings.Contains(err.Error(), "this program knows only") || !strings.Contains(err.Error(), "hint:") {
		s.t.Errorf("the older program says %s %v", out, err)
	}
}

// removed looks that nothing runs and nothing is left of the package.
func (s *shop) removed() {
	s.t.Helper()
	s.sh(`! systemctl is-active --quiet mallbridge.service
! pgrep -u mallbridge
! test -e /usr/bin/mallbridge
! test -e /usr/lib/systemd/system/mallbridge.service
! test -e /etc/systemd/system/multi-user.target.wants/mallbridge.service
! test -e /var/lib/mallbridge`)
}

// sent are the orders that a warehouse accepted, from what its people wrote down,
// each with how often.
func (s *shop) sent() map[string]int {
	s.t.Helper()
	out := map[string]int{}
	for name := range layouts {
		text, err := os.ReadFile(s.path("/srv/" + name + "/drop.state/journal.jsonl"))
		must(s.t, err)
		for l := range strings.Lines(string(text)) {
			var e struct {
				Accepted []struct {
					Lines []struct {
						Order string `json:"order"`
						No    string `json:"no"`
					} `json:"lines"`
				} `json:"accepted"`
			}
			s.decode(l, &e)
			for _, in := range e.Accepted {
				once := map[string]bool{}
				for _, l := range in.Lines {
					once[l.Order] = true
				}
				for o := range once {
					out[o]++
				}
			}
		}
	}
	return out
}

// compared is the comparison after the restore: nothing is dropped, the program says
// which files it does not know, a person compares and releases what was not sent.
func (s *shop) compared() {
	s.t.Helper()
	before := s.sent()
	await(s.t, "the restored service to see the orders", func() bool {
		out, err := s.try("", "./mb orders --json")
		var list []struct{ Order string }
		if err != nil {
			return false
		}
		s.decode(out, &list)
		return len(list) == len(s.placed)
	})
	await(s.t, "the unknown files", func() bool {
		out, err := s.try("", "./mb differences")
		return err == nil && strings.Contains(out, "nothing is dropped until tokyo is compared") && strings.Contains(out, "nothing is dropped until seoul is compared")
	})
	out, err := s.try("", "./mb run instruct")
	if err == nil || !strings.Contains(err.Error(), "nothing is dropped until it is compared") {
		s.t.Errorf("after the restore instruct says %s %v", out, err)
	}
	if after := s.sent(); !maps.Equal(before, after) {
		s.t.Fatalf("dropped before anything was compared: %v", after)
	}
	for name := range layouts {
		s.sh("./mb restore settle " + name + " --note 'compared with the list of the warehouse'")
	}
	s.release(before)
	// A release is of the order as it was: one that has changed since is held again.
	await(s.t, "the released orders to be planned", func() bool {
		for _, r := range s.held(before) {
			_ = s.letGo(r) // it may be planned meanwhile
		}
		out, err := s.try("", "./mb orders --json")
		if err != nil {
			return false
		}
		var list []struct{ Order, State string }
		s.decode(out, &list)
		return !slices.ContainsFunc(list, func(o struct{ Order, State string }) bool { return before[o.Order] == 0 && o.State != "planned" })
	})
}

// A heldOrder is an order on hold because it may have been sent.
type heldOrder struct{ Account, Order, Reason string }

// held are those that were not sent.
func (s *shop) held(sent map[string]int) (out []heldOrder) {
	text, err := s.try("", "./mb holds --json")
	if err != nil {
		return nil
	}
	var list []heldOrder
	s.decode(text, &list)
	for _, r := range list {
		if r.Reason == "maybe_sent" && sent[r.Order] == 0 {
			out = append(out, r)
		}
	}
	return out
}

// letGo releases an order.
func (s *shop) letGo(r heldOrder) error {
	_, err := s.try("", fmt.Sprintf("./mb holds release '%s' --account %s --note 'the warehouse has not got it'", r.Order, r.Account))
	return err
}

// release waits until every order that was not sent is on hold because it may have
// been, and releases it.
func (s *shop) release(sent map[string]int) {
	s.t.Helper()
	want := 0
	for _, n := range s.placed {
		if sent[n] == 0 {
			want++
		}
	}
	var list []heldOrder
	await(s.t, fmt.Sprintf("%d orders on hold that were not sent", want), func() bool {
		list = s.held(sent)
		return len(list) == want
	})
	for _, r := range list {
		must(s.t, s.letGo(r))
	}
}

// once looks that every order is at a warehouse once.
func (s *shop) once() {
	s.t.Helper()
	sent := s.sent()
	for _, n := range s.placed {
		if sent[n] != 1 {
			s.t.Errorf("order %s is at the warehouse %d times", n, sent[n])
		}
	}
}

// byTimer looks that the timer's service ran well and that the timer waits for the
// next time, and lets it work on the eight orders that were placed last, beside as many
// as are planned.
func (s *shop) byTimer(planned int) {
	s.t.Helper()
	s.sh(`! systemctl is-active --quiet mallbridge.service
systemctl is-active --quiet mallbridge-run.timer
test "$(systemctl show -P Result mallbridge-run.service)" = success
test "$(systemctl show -P NextElapseUSecRealtime mallbridge-run.timer)" != ""`)
	run := func(what, until string) {
		s.t.Helper()
		await(s.t, what, func() bool {
			_, err := s.try("", "systemctl start mallbridge-run.service; "+until)
			return err == nil
		})
	}
	// The stand-ins sell orders that are hours old, older than the restore: they are held too.
	run("the timer's runs to see the orders", fmt.Sprintf(`test "$(./mb holds --json | grep -c maybe_sent)" = %d`, len(s.placed)-planned))
	s.release(s.sent())
	run("the timer's runs to plan the orders", fmt.Sprintf(`test "$(./mb orders --json | grep -c '"state": "planned"')" = %d`, planned+8))
}

// help looks that manual pages and completion are found where the page puts them.
func (s *shop) help() {
	s.t.Helper()
	s.sh(`man -w mallbridge-run; man mallbridge-backup | grep -q -- --recipient
source /usr/share/bash-completion/bash_completion
_completion_loader mallbridge || test $? = 124
complete -p mallbridge`)
}

// readBlocks returns the commands of docs/install.md by the name in the comment above
// each.
func readBlocks(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/install.md")
	must(t, err)
	out := map[string]string{}
	for _, part := range strings.Split(string(text), "<!-- run: ")[1:] {
		name, rest, _ := strings.Cut(part, " -->\n```sh\n")
		script, _, ok := strings.Cut(rest, "\n```")
		if !ok || out[name] != "" {
			t.Fatalf("docs/install.md: after <!-- run: %s --> there is no block of commands, or it is there twice", name)
		}
		out[name] = script
	}
	return out
}
