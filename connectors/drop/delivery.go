package drop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
)

// A Delivery is what one batch file needs at the drop. The same batch always has
// the same Delivery.
type Delivery struct {
	Dir  string // folder of the final file; "" is the root
	Name string // final name
	// TempName is the name while the bytes travel; a name in Dir, or a path from
	// the root when it has a slash. Default: Name + ".part".
	TempName string
	// DoneMark is the name, in Dir, of the file that tells the warehouse that
	// Name is complete; "" for none. DoneBody is its content, mostly empty.
	DoneMark string
	DoneBody []byte
	// ArchiveDirs are folders into which the warehouse moves what it has taken.
	ArchiveDirs []string

	Size   int64  // bytes
	SHA256 string // lower-case hexadecimal
	// Readable says that the warehouse lets us read files back. If not, only
	// sizes are compared.
	Readable bool
	// Verify reads the temporary file back and compares its hash before it may
	// get its final name; needs Readable.
	Verify bool
}

// Found is what Inspect saw of a delivery at the drop.
type Found int

// What there is to find.
const (
	Nothing   Found = iota // no trace of it
	Temporary              // the temporary name is there; its bytes were not compared
	Final                  // the final name is there with our bytes
	Taken                  // the warehouse moved it to an archive folder
	Foreign                // the final name is there with other bytes
)

var foundNames = [...]string{"nothing", "temporary", "final", "taken", "foreign"}

func (f Found) String() string {
	if f < 0 || int(f) >= len(foundNames) {
		return "unknown"
	}
	return foundNames[f]
}

func (v Delivery) final() string { return join(v.Dir, v.Name) }

func (v Delivery) temp() string {
	switch {
	case v.TempName == "":
		return join(v.Dir, v.Name+".part")
	case strings.Contains(v.TempName, "/"):
		return v.TempName
	}
	return join(v.Dir, v.TempName)
}

// Check reports what is wrong with a delivery, before anything is sent.
func (v Delivery) Check() error {
	if err := v.check(); err != nil {
		return fmt.Errorf("drop: delivery %q: %w", v.Name, err)
	}
	return nil
}

func (v Delivery) check() error {
	if err := checkName(v.Name); err != nil {
		return err
	}
	for _, dir := range append([]string{v.Dir}, v.ArchiveDirs...) {
		if _, err := checkDir(dir); err != nil {
			return fmt.Errorf("folder %q: %w", dir, err)
		}
	}
	if err := checkPath(v.temp()); err != nil {
		return fmt.Errorf("temporary name %q: %w", v.temp(), err)
	}
	if v.temp() == v.final() {
		return fmt.Errorf("%w: the temporary name is the final one", ErrPath)
	}
	if v.DoneMark != "" {
		if err := checkName(v.DoneMark); err != nil {
			return fmt.Errorf("done mark: %w", err)
		}
		if mark := join(v.Dir, v.DoneMark); mark == v.final() || mark == v.temp() {
			return fmt.Errorf("%w: the done mark %q is also the name of the file", ErrPath, v.DoneMark)
		}
	}
	if v.Size < 0 {
		return fmt.Errorf("size is %d", v.Size)
	}
	if sum, err := hex.DecodeString(v.SHA256); err != nil || len(sum) != sha256.Size {
		return fmt.Errorf("sha256 is %q: 64 hexadecimal digits are wanted", v.SHA256)
	}
	if v.Verify && !v.Readable {
		return errors.New("verify is set for a drop that cannot be read back")
	}
	return nil
}

// Inspect looks at the drop and says where the delivery is. It changes nothing.
//
// A final name decides alone. Without one, an archived file counts when its name
// is ours, or contains ours without the extension (warehouses add times), and its
// size and, where readable, its hash agree. While the temporary file is there,
// only an archived file with our name and our hash counts.
func Inspect(ctx context.Context, d Drop, v Delivery) (found Found, err error) {
	ctx, end := step(ctx, "inspect")
	defer func() { end(err) }()
	if err := v.Check(); err != nil {
		return Nothing, err
	}
	found, err = inspect(ctx, d, v)
	if err != nil {
		return Nothing, fmt.Errorf("drop: look for %s: %w", v.Name, err)
	}
	return found, nil
}

func inspect(ctx context.Context, d Drop, v Delivery) (Found, error) {
	if found, err := v.lookFinal(ctx, d); err != nil || found != Nothing {
		return found, err
	}
	_, err := d.Stat(ctx, v.temp())
	if err == nil {
		if taken, err := v.archivedTwin(ctx, d); err != nil || taken {
			return Taken, err
		}
		return Temporary, nil
	}
	if !absent(err) {
		return Nothing, err
	}
	// A rename may have happened between the two looks.
	if found, err := v.lookFinal(ctx, d); err != nil || found != Nothing {
		return found, err
	}
	taken, err := v.archived(ctx, d)
	if err != nil || !taken {
		return Nothing, err
	}
	return Taken, nil
}

// lookFinal returns Nothing, Final or Foreign.
func (v Delivery) lookFinal(ctx context.Context, d Drop) (Found, error) {
	same, err := v.same(ctx, d, v.final(), v.Readable)
	switch {
	case absent(err):
		return Nothing, nil
	case err != nil:
		return Nothing, err
	case same:
		return Final, nil
	}
	return Foreign, nil
}

// same compares the size of a file and, if hashed, its SHA-256 with ours.
func (v Delivery) same(ctx context.Context, d Drop, name string, hashed bool) (bool, error) {
	info, err := d.Stat(ctx, name)
	if err != nil {
		return false, err
	}
	if info.Dir || info.Size != v.Size {
		return false, nil
	}
	if !hashed {
		return true, nil
	}
	sum := sha256.New()
	_, err = d.Read(ctx, name, sum, v.Size)
	if errors.Is(err, ErrTooLarge) {
		return false, nil
	}
	return err == nil && v.matches(sum), err
}

func (v Delivery) matches(sum hash.Hash) bool {
	return hex.EncodeToString(sum.Sum(nil)) == strings.ToLower(v.SHA256)
}

// archivedTwin looks for our name with our hash in the archive folders.
func (v Delivery) archivedTwin(ctx context.Context, d Drop) (bool, error) {
	if !v.Readable {
		return false, nil
	}
	for _, dir := range v.ArchiveDirs {
		same, err := v.same(ctx, d, join(dir, v.Name), true)
		if err != nil && !absent(err) {
			return false, err
		}
		if same {
			return true, nil
		}
	}
	return false, nil
}

func (v Delivery) archived(ctx context.Context, d Drop) (bool, error) {
	stem := strings.TrimSuffix(v.Name, path.Ext(v.Name))
	for _, dir := range v.ArchiveDirs {
		files, err := d.List(ctx, dir)
		if absent(err) {
			continue // the warehouse makes it with its first file
		}
		if err != nil {
			return false, err
		}
		for _, f := range files {
			if f.Size != v.Size || f.Name != v.Name && !strings.Contains(f.Name, stem) || f.Path == v.temp() {
				continue
			}
			same, err := v.same(ctx, d, f.Path, v.Readable)
			if err != nil && !absent(err) && !errors.Is(err, ErrPath) {
				return false, err
			}
			if same {
				return true, nil
			}
		}
	}
	return false, nil
}

// uploadTries is how often Upload starts from the beginning when the connection
// breaks. Waiting longer is the caller's business.
const uploadTries = 2

// Upload puts the bytes under the temporary name: it removes what an earlier try
// left, writes, compares size and (Verify) hash. open gives the local file anew
// for each try. When it returns nil the temporary file is whole; after any error
// there is none, or one that the next Upload removes.
//
// It gives ErrExists when the final name is taken, by us or another: call
// Inspect. It gives ErrSource when open yields other bytes than recorded.
func Upload(ctx context.Context, d Drop, v Delivery, open func() (io.ReadSeekCloser, error)) (err error) {
	ctx, end := step(ctx, "upload")
	defer func() { end(err) }()
	if err := v.Check(); err != nil {
		return err
	}
	for range uploadTries {
		if err = v.upload(ctx, d, open); err == nil {
			return nil
		}
		if !Retryable(err) || ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("drop: upload %s: %w", v.Name, err)
}

func (v Delivery) upload(ctx context.Context, d Drop, open func() (io.ReadSeekCloser, error)) error {
	if _, err := d.Stat(ctx, v.final()); err == nil {
		return fmt.Errorf("%s: %w", v.final(), ErrExists)
	} else if !absent(err) {
		return err
	}
	// A new file, not the old one cut to nothing: a server process that outlived
	// its connection may still write to the old one.
	if err := d.Remove(ctx, v.temp()); err != nil && !absent(err) {
		return err
	}
	if err := v.send(ctx, d, open); err != nil {
		return err
	}
	same, err := v.same(ctx, d, v.temp(), v.Verify)
	if err == nil && !same {
		err = fmt.Errorf("%s: %w", v.temp(), ErrIncomplete)
		discard(ctx, d, v.temp())
	}
	return err
}

func (v Delivery) send(ctx context.Context, d Drop, open func() (io.ReadSeekCloser, error)) error {
	f, err := open()
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	if size != v.Size {
		return fmt.Errorf("%w: it has %d bytes, recorded are %d", ErrSource, size, v.Size)
	}
	sum := sha256.New()
	if err := d.Write(ctx, v.temp(), io.TeeReader(f, sum), v.Size); err != nil {
		return err
	}
	if !v.matches(sum) {
		discard(ctx, d, v.temp())
		return fmt.Errorf("%w: its hash is %x, recorded is %s", ErrSource, sum.Sum(nil), v.SHA256)
	}
	return nil
}

// discard removes a file that must not stay. What it cannot remove has a
// temporary name and is removed by the next Upload.
func discard(ctx context.Context, d Drop, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTime)
	defer cancel()
	_ = d.Remove(ctx, name)
}

// discardTime keeps a shutdown short when the server is away.
const discardTime = 5 * time.Second

// commitTries bounds the looks after an answer that never came.
const commitTries = 3

// Commit gives the uploaded file its final name and writes the done mark. It may
// be called again after any error or crash: it looks first, and does only what
// is not done. The temporary file is compared before the rename, so that no part
// of a file gets the final name.
//
// Errors: ErrForeign, the final name holds other bytes and the drop must stop;
// ErrIncomplete, upload again; ErrUnknown, the file is neither here nor in an
// archive folder, or could not be looked for after the rename was sent: call
// Inspect later, and if it stays Nothing the batch is in doubt.
func Commit(ctx context.Context, d Drop, v Delivery) (err error) {
	ctx, end := step(ctx, "commit")
	defer func() { end(err) }()
	found, err := Inspect(ctx, d, v)
	if err != nil {
		return err
	}
	if found, err = v.rename(ctx, d, found); err != nil {
		return fmt.Errorf("drop: deliver %s: %w", v.Name, err)
	}
	if found == Taken {
		return nil // a mark now would announce a file that is gone
	}
	return Mark(ctx, d, v)
}

func (v Delivery) rename(ctx context.Context, d Drop, found Found) (Found, error) {
	var lost error
	for range commitTries {
		switch found {
		case Foreign:
			return found, fmt.Errorf("%s: %w", v.final(), ErrForeign)
		case Nothing:
			return found, &UnknownError{Op: "rename", From: v.temp(), To: v.final(), Err: lost}
		case Taken, Final:
			// Where a rename is a link and an unlink, both names can be left.
			discard(ctx, d, v.temp())
			return found, nil
		}
		same, err := v.same(ctx, d, v.temp(), v.Verify)
		if err == nil && !same {
			return found, fmt.Errorf("%s: %w", v.temp(), ErrIncomplete)
		}
		if err == nil {
			err = d.Rename(ctx, v.temp(), v.final())
		}
		if err == nil {
			return Final, nil
		}
		if !errors.Is(err, ErrExists) && !errors.Is(err, ErrUnknown) && !errors.Is(err, fs.ErrNotExist) {
			return found, err
		}
		sent := errors.Is(err, ErrUnknown) || lost != nil
		if found, err = v.lookAgain(ctx, d, err, sent); err != nil {
			return found, err
		}
		if sent {
			lost = ErrUnknown
		}
	}
	return found, fmt.Errorf("%s: the rename has no effect: %w", v.temp(), ErrUnknown)
}

// lookAgain looks where the file is after a rename gave cause. When a rename was
// sent and the look fails, the truth stays unknown.
func (v Delivery) lookAgain(ctx context.Context, d Drop, cause error, sent bool) (Found, error) {
	found, err := inspect(ctx, d, v)
	if err != nil && sent {
		return found, &UnknownError{Op: "rename", From: v.temp(), To: v.final(), Err: fmt.Errorf("%w; then: %w", cause, err)}
	}
	return found, err
}

// Mark writes the done mark, if the delivery has one. One that is there already
// with the same size is left. Call it only when the final file is there (Final):
// a mark for a file that was taken announces nothing.
func Mark(ctx context.Context, d Drop, v Delivery) (err error) {
	if v.DoneMark == "" {
		return nil
	}
	ctx, end := step(ctx, "mark")
	defer func() { end(err) }()
	if err := v.mark(ctx, d); err != nil {
		return fmt.Errorf("drop: done mark of %s: %w", v.Name, err)
	}
	return nil
}

func (v Delivery) mark(ctx context.Context, d Drop) error {
	name, size := join(v.Dir, v.DoneMark), int64(len(v.DoneBody))
	info, err := d.Stat(ctx, name)
	if err == nil && info.Size == size {
		return nil
	}
	if err != nil && !absent(err) {
		return err
	}
	if err == nil {
		return fmt.Errorf("%s: %w with %d bytes", name, ErrExists, info.Size)
	}
	if size == 0 { // whole from its first moment
		err := d.Write(ctx, name, bytes.NewReader(nil), 0)
		if errors.Is(err, ErrIncomplete) {
			// Some warehouses take file and mark the moment the mark is there.
			if _, look := d.Stat(ctx, name); absent(look) {
				return nil
			}
		}
		return err
	}
	temp := v.temp() + ".mark"
	if err := d.Write(ctx, temp, bytes.NewReader(v.DoneBody), size); err != nil {
		return err
	}
	err = d.Rename(ctx, temp, name)
	if errors.Is(err, ErrExists) || errors.Is(err, ErrUnknown) {
		// Writing it again is harmless; only the truth at the drop counts.
		if info, look := d.Stat(ctx, name); look == nil && info.Size == size {
			discard(ctx, d, temp)
			return nil
		}
	}
	return err
}
