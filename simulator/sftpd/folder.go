package sftpd

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/pkg/sftp"
)

// folder answers requests inside one folder of this machine. Nothing outside it
// can be reached, also not by links.
type folder struct{ root *os.Root }

var (
	_ sftp.OpenFileWriter       = folder{}
	_ sftp.PosixRenameFileCmder = folder{}
	_ sftp.LstatFileLister      = folder{}
	_ sftp.RealPathFileLister   = folder{}
)

// local turns a request's path, which is absolute and clean, into one that
// starts at the folder.
func local(name string) string {
	if name = strings.TrimPrefix(path.Clean("/"+name), "/"); name != "" {
		return name
	}
	return "."
}

// file is an open file whose bytes reach the disk before its close is answered.
type file struct {
	*os.File
	written bool
}

func (f *file) Close() error {
	var err error
	if f.written {
		err = f.Sync()
	}
	return errors.Join(err, f.File.Close())
}

func (d folder) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	f, err := d.root.Open(local(r.Filepath))
	if err != nil {
		return nil, err
	}
	return &file{File: f}, nil
}

func (d folder) Filewrite(r *sftp.Request) (io.WriterAt, error) { return d.OpenFile(r) }

func (d folder) OpenFile(r *sftp.Request) (sftp.WriterAtReaderAt, error) {
	p := r.Pflags()
	flag := os.O_WRONLY
	if p.Read {
		flag = os.O_RDWR
	}
	// Appending is left to the offsets that clients send.
	for _, x := range []struct {
		on   bool
		flag int
	}{{p.Creat, os.O_CREATE}, {p.Trunc, os.O_TRUNC}, {p.Excl, os.O_EXCL}} {
		if x.on {
			flag |= x.flag
		}
	}
	f, err := d.root.OpenFile(local(r.Filepath), flag, 0o640)
	if err != nil {
		return nil, err
	}
	return &file{File: f, written: true}, nil
}

func (d folder) Filecmd(r *sftp.Request) error {
	name, target := local(r.Filepath), local(r.Target)
	switch r.Method {
	case "Setstat":
		return d.setstat(r, name)
	case "Rename":
		return d.rename(name, target)
	case "Rmdir", "Remove":
		st, err := d.root.Lstat(name)
		if err != nil {
			return err
		}
		if st.IsDir() != (r.Method == "Rmdir") {
			return sftp.ErrSSHFxFailure
		}
		return d.root.Remove(name)
	case "Mkdir":
		return d.root.Mkdir(name, 0o750)
	case "Link":
		return d.root.Link(name, target)
	}
	return sftp.ErrSSHFxOpUnsupported
}

func (d folder) setstat(r *sftp.Request, name string) error {
	has, a := r.AttrFlags(), r.Attributes()
	var errs []error
	if has.Size {
		f, err := d.root.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		errs = append(errs, f.Truncate(int64(a.Size)), f.Close())
	}
	if has.Permissions {
		errs = append(errs, d.root.Chmod(name, a.FileMode().Perm()))
	}
	if has.Acmodtime {
		errs = append(errs, d.root.Chtimes(name, a.AccessTime(), a.ModTime()))
	}
	return errors.Join(errs...)
}

// rename gives a file its other name as OpenSSH does it: by a link, which the
// system refuses when the name exists, and without the old name after that.
func (d folder) rename(from, to string) error {
	st, err := d.root.Lstat(from)
	if err != nil {
		return err
	}
	if st.Mode().IsRegular() {
		if err := d.root.Link(from, to); err != nil {
			return err
		}
		return d.root.Remove(from)
	}
	if _, err := d.root.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fs.ErrExist, err)
	}
	return d.root.Rename(from, to)
}

// PosixRename replaces a file that has the name.
func (d folder) PosixRename(r *sftp.Request) error {
	return d.root.Rename(local(r.Filepath), local(r.Target))
}

// RealPath follows no links: those that lead out of the folder cannot be opened.
func (d folder) RealPath(name string) (string, error) { return path.Clean("/" + name), nil }

func (d folder) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	name := local(r.Filepath)
	switch r.Method {
	case "List":
		f, err := d.root.Open(name)
		if err != nil {
			return nil, err
		}
		all, err := f.Readdir(-1)
		return listing(all), errors.Join(err, f.Close())
	case "Stat":
		st, err := d.root.Stat(name)
		return listing{st}, err
	}
	return nil, sftp.ErrSSHFxOpUnsupported
}

func (d folder) Lstat(r *sftp.Request) (sftp.ListerAt, error) {
	st, err := d.root.Lstat(local(r.Filepath))
	return listing{st}, err
}

// listing is a folder's content.
type listing []fs.FileInfo

func (l listing) ListAt(to []fs.FileInfo, from int64) (int, error) {
	if from >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(to, l[from:])
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}
