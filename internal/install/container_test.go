package install

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// TestContainer builds the image without an engine, and runs the program in it as the
// image says: nothing but what is in it, as its user. What an engine adds (networks,
// volumes, the health check at its times) is not tried.
func TestContainer(t *testing.T) {
	if !*on {
		t.Skip("it builds a container image, as root: make install-test")
	}
	if _, err := exec.LookPath("buildah"); err != nil || os.Geteuid() != 0 {
		t.Fatal("it needs root and buildah (package buildah)")
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "storage.conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, "[storage]\ndriver = \"vfs\"\ngraphroot = %q\nrunroot = %q\n", filepath.Join(dir, "graph"), filepath.Join(dir, "run")), 0o600))
	t.Setenv("CONTAINERS_STORAGE_CONF", conf)
	t.Setenv("STORAGE_DRIVER", "vfs")
	host(t, "bash", "../../packaging/container/build", newVersion)
	name := strings.TrimSpace(host(t, "buildah", "from", "--pull-never", "mallbridge:"+newVersion))
	defer host(t, "buildah", "rm", name)
	root := strings.TrimSpace(host(t, "buildah", "mount", name))
	defer host(t, "buildah", "umount", name)

	var image struct {
		Docker struct {
			Config struct {
				User        string
				Entrypoint  []string
				Cmd         []string
				Env         []string
				Volumes     map[string]any
				Healthcheck struct{ Test []string }
			} `json:"config"`
		}
	}
	must(t, json.Unmarshal([]byte(host(t, "buildah", "inspect", "--type", "image", "mallbridge:"+newVersion)), &image))
	c := image.Docker.Config
	if c.User != "10001:10001" || len(c.Volumes) != 1 || len(c.Entrypoint) != 1 || c.Cmd[0] != "serve" || c.Healthcheck.Test[0] != "CMD" {
		t.Fatalf("the image is %+v", c)
	}
	within := func(args ...string) *exec.Cmd {
		x := exec.Command("/usr/sbin/chroot", append([]string{"--userspec=" + c.User, root}, args...)...)
		x.Env = append(c.Env, "MALLBRIDGE_LANG=en")
		return x
	}
	run := func(args ...string) string {
		out, err := within(append(c.Entrypoint, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := run("version"); !strings.Contains(out, newVersion) {
		t.Errorf("it says %s", out)
	}
	run("init", "/workspace")
	run("check") // reads time zones and the charsets of the formats

	// The image's own command and health check, at a port that is free here.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	at := l.Addr().String()
	must(t, l.Close())
	here := func(args []string) []string {
		out := append([]string(nil), args...)
		out[len(out)-1] = at
		return out
	}
	serve := within(append(c.Entrypoint, here(c.Cmd)...)...)
	var said bytes.Buffer
	serve.Stdout, serve.Stderr = &said, &said
	serve.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(t, serve.Start())
	await(t, "the image's health check", func() bool { return within(here(c.Healthcheck.Test[1:])...).Run() == nil })
	must(t, serve.Process.Signal(syscall.SIGTERM))
	if err := serve.Wait(); err != nil {
		t.Errorf("serve: %v\n%s", err, said.String())
	}
	if err := within(here(c.Healthcheck.Test[1:])...).Run(); err == nil {
		t.Error("the health check is content with a program that has ended")
	}
}

// TestCompose: three machines that differ in their names, over one database and one
// workspace, with pages on the host alone.
func TestCompose(t *testing.T) {
	text, err := os.ReadFile("../../packaging/container/compose.yaml")
	must(t, err)
	var file struct {
		Services map[string]struct {
			Image       string
			Ports       []string
			Volumes     []string
			Environment map[string]string
			Grace       time.Duration `yaml:"stop_grace_period"`
			ReadOnly    bool          `yaml:"read_only"`
		}
	}
	must(t, yaml.Unmarshal(text, &file))
	nodes := map[string]bool{}
	for name, s := range file.Services {
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: %s is open to the network", name, p)
			}
		}
		node, ok := s.Environment["MALLBRIDGE_NODE"]
		if !ok {
			continue
		}
		nodes[node] = true
		if !strings.Contains(s.Environment["MALLBRIDGE_LEDGER"], "@database/") || s.Grace < time.Minute || !s.ReadOnly || len(s.Volumes) != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if len(nodes) != 3 || file.Services["database"].Image == "" {
		t.Errorf("machines %v", nodes)
	}
}
