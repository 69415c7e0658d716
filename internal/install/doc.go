// Package install installs what is given to users on a machine of its own and uses
// it as an operator would.
//
// The machine is a small Debian in a folder, started by systemd-nspawn: its own
// systemd with the shipped units, its own users, its own OpenSSH, its own network
// without a way out. Nothing is installed or changed on the machine that runs the
// test. It needs root, systemd-nspawn and mmdebstrap; "make install-test" starts it.
//
// The commands that it runs are those of docs/install.md, as they stand there.
package install
