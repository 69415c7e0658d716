package folders

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/mallbridge/mallbridge/order"
)

// An S3 says how a bucket is reached.
type S3 struct {
	Endpoint  string // https://host[:port]; empty for Amazon's own
	Region    string
	PathStyle bool // the bucket stands in the path, not in the host's name
	// AccessKey and SecretKey; without them those that Amazon's programs would use on
	// this machine: its role, the environment, ~/.aws.
	AccessKey, SecretKey string
	Bucket, Prefix       string
}

// String names the place, without keys.
func (p S3) String() string { return p.place() }

// GoString is String, so that %#v prints no key either.
func (p S3) GoString() string { return p.place() }

func (p S3) place() string { return strings.TrimSuffix("s3://"+p.Bucket+"/"+p.Prefix, "/") }

// OpenS3 prepares a bucket. It calls nobody, except for keys where none are given.
func OpenS3(ctx context.Context, p S3) (*Folder, error) {
	o := s3.Options{
		Region: p.Region, UsePathStyle: p.PathStyle, HTTPClient: s3Client(),
		// Sums that come behind the body are Amazon's own; what is compatible refuses them.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	if p.Endpoint != "" {
		o.BaseEndpoint = aws.String(p.Endpoint)
	}
	if p.AccessKey != "" {
		o.Credentials = credentials.NewStaticCredentialsProvider(p.AccessKey, p.SecretKey, "")
	} else {
		c, err := config.LoadDefaultConfig(ctx, config.WithRegion(p.Region))
		if err != nil {
			return nil, order.Errorf(order.Denied, hintKeys, "%s: look for keys: %w", p.place(), err)
		}
		o.Credentials = c.Credentials
	}
	return &Folder{d: &bucket{c: s3.New(o), name: p.Bucket}, dir: p.Prefix, name: p.place()}, nil
}

const (
	hintKeys   = "check access_key, secret_key, region and endpoint under s3: in mallbridge.yaml, and that the key may list, read, write and delete in the bucket"
	hintBucket = "make the bucket, or correct its name; check the keys under s3: in mallbridge.yaml"
)

// s3Client gives up on a server that says nothing for a while.
func s3Client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: time.Minute, ExpectContinueTimeout: time.Second,
			MaxIdleConns: 64, MaxIdleConnsPerHost: 32, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type bucket struct {
	c    *s3.Client
	name string
}

func (b *bucket) atomic() bool { return true }

func (b *bucket) Close() error { return nil }

// whole is the largest content that goes in one request; more goes in parts.
const whole = 64 << 20

func (b *bucket) put(ctx context.Context, name string, c content) error {
	if c.size > whole {
		if _, err := b.stream(ctx, name, c.r); err != nil {
			return err
		}
		return b.confirm(ctx, name, c) // the sum of parts is not that of the whole
	}
	ctx, cancel := within(ctx, c.size)
	defer cancel()
	sum := base64.StdEncoding.EncodeToString(c.sha256[:])
	out, err := b.c.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: &name, Body: c.r, ContentLength: &c.size, ChecksumSHA256: &sum})
	if err != nil {
		return b.fail("put", name, err)
	}
	switch aws.ToString(out.ChecksumSHA256) {
	case sum:
		return nil
	case "":
		return b.confirm(ctx, name, c)
	}
	return order.Errorf(order.Retry, "run again; if it stays so, the store or what is between is broken", "put s3://%s/%s: the store has other bytes: SHA-256 %s, sent were %s", b.name, name, *out.ChecksumSHA256, sum)
}

// confirm reads a file back.
func (b *bucket) confirm(ctx context.Context, name string, c content) error {
	h := sha256.New()
	info, err := b.get(ctx, name, h)
	if err != nil {
		return err
	}
	if info.Size != c.size || !bytes.Equal(h.Sum(nil), c.sha256[:]) {
		return order.Errorf(order.Retry, "run again; if it stays so, the store or what is between is broken", "put s3://%s/%s: the store has other bytes than were sent", b.name, name)
	}
	return nil
}

// within bounds a request by its size: a minute, and what a slow line takes.
func within(ctx context.Context, size int64) (context.Context, context.CancelFunc) {
	const slow = 256 << 10 // bytes a second
	return context.WithTimeout(ctx, 2*time.Minute+time.Duration(size/slow)*time.Second)
}

// Parts are small first, so that little memory is taken, and then larger, since there
// can be 10,000 of them: 578 GB in all.
const (
	smallPart  = 16 << 20
	largePart  = 64 << 20
	smallParts = 1000
)

// stream puts content of unknown size in parts. It is there whole or not at all.
func (b *bucket) stream(ctx context.Context, name string, r io.Reader) (size int64, err error) {
	begun, err := b.c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: &name})
	if err != nil {
		return 0, b.fail("put", name, err)
	}
	defer func() {
		if err == nil {
			return
		}
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		// What cannot be taken back now, the bucket's own rules for unfinished uploads do.
		b.c.AbortMultipartUpload(last, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &name, UploadId: begun.UploadId})
	}()
	var parts []types.CompletedPart
	buf := make([]byte, smallPart)
	for ended := false; !ended; {
		if len(parts) == smallParts {
			buf = make([]byte, largePart)
		}
		n, err := io.ReadFull(r, buf)
		if ended = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); err != nil && !ended {
			return size, err
		}
		if n == 0 && len(parts) > 0 {
			break
		}
		p, err := b.part(ctx, name, begun.UploadId, int32(len(parts)+1), buf[:n])
		if err != nil {
			return size, err
		}
		parts, size = append(parts, p), size+int64(n)
	}
	if _, err = b.c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: &name, UploadId: begun.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	}); err != nil {
		return size, b.fail("put", name, err)
	}
	info, err := b.stat(ctx, name)
	if err == nil && info.Size != size {
		err = order.Errorf(order.Retry, "run again", "put s3://%s/%s: the store has %d bytes, sent were %d", b.name, name, info.Size, size)
	}
	return size, err
}

// part puts one part. Its signature holds its SHA-256, which the store compares.
func (b *bucket) part(ctx context.Context, name string, id *string, number int32, data []byte) (types.CompletedPart, error) {
	ctx, cancel := within(ctx, int64(len(data)))
	defer cancel()
	out, err := b.c.UploadPart(ctx, &s3.UploadPartInput{Bucket: &b.name, Key: &name, UploadId: id, PartNumber: &number, Body: bytes.NewReader(data)})
	if err != nil {
		return types.CompletedPart{}, b.fail("put", name, err)
	}
	return types.CompletedPart{ETag: out.ETag, PartNumber: &number}, nil
}

func (b *bucket) get(ctx context.Context, name string, w io.Writer) (Info, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out, err := b.c.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &name})
	if err != nil {
		return Info{}, b.fail("read", name, err)
	}
	defer out.Body.Close()
	info := Info{Name: path.Base(name), Size: aws.ToInt64(out.ContentLength), ModTime: aws.ToTime(out.LastModified)}
	in := &lively{r: out.Body, end: func() { cancel(errSilent) }}
	n, err := io.Copy(w, in)
	if err == nil && n != info.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return info, b.fail("read", name, err)
	}
	return info, nil
}

var errSilent = errors.New("the store was silent for a minute")

// lively ends a reading of which no byte comes for a minute.
type lively struct {
	r     io.Reader
	end   func()
	timer *time.Timer
}

func (l *lively) Read(p []byte) (int, error) {
	if l.timer == nil {
		l.timer = time.AfterFunc(time.Minute, l.end)
	} else {
		l.timer.Reset(time.Minute)
	}
	defer l.timer.Stop() // whoever takes the bytes may be slow
	return l.r.Read(p)
}

func (b *bucket) stat(ctx context.Context, name string) (Info, error) {
	ctx, cancel := within(ctx, 0)
	defer cancel()
	out, err := b.c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &name})
	if err != nil {
		return Info{}, b.fail("look at", name, err)
	}
	return Info{Name: path.Base(name), Size: aws.ToInt64(out.ContentLength), ModTime: aws.ToTime(out.LastModified)}, nil
}

func (b *bucket) list(ctx context.Context, dir string, yield func(Info) bool) error {
	prefix, slash := dir, "/"
	if prefix != "" {
		prefix += slash
	}
	pages := s3.NewListObjectsV2Paginator(b.c, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix, Delimiter: &slash})
	for pages.HasMorePages() {
		page, err := b.page(ctx, pages)
		if err != nil {
			return b.fail("list", prefix, err)
		}
		for i := range page.CommonPrefixes {
			if sub := path.Base(aws.ToString(page.CommonPrefixes[i].Prefix)); !yield(Info{Name: sub, Dir: true}) {
				return nil
			}
		}
		for i := range page.Contents {
			o := &page.Contents[i]
			// Some programs put empty objects for folders.
			if key := aws.ToString(o.Key); !strings.HasSuffix(key, slash) && !yield(Info{Name: path.Base(key), Size: aws.ToInt64(o.Size), ModTime: aws.ToTime(o.LastModified)}) {
				return nil
			}
		}
	}
	return nil
}

func (b *bucket) page(ctx context.Context, pages *s3.ListObjectsV2Paginator) (*s3.ListObjectsV2Output, error) {
	ctx, cancel := within(ctx, 0)
	defer cancel()
	return pages.NextPage(ctx)
}

func (b *bucket) remove(ctx context.Context, name string) error {
	ctx, cancel := within(ctx, 0)
	defer cancel()
	_, err := b.c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &name})
	return b.fail("remove", name, err)
}

// move copies inside the store and then removes.
func (b *bucket) move(ctx context.Context, from, to string) error {
	was, err := b.stat(ctx, from)
	if err != nil {
		return err
	}
	limit, cancel := within(ctx, was.Size)
	defer cancel()
	if _, err := b.c.CopyObject(limit, &s3.CopyObjectInput{Bucket: &b.name, Key: &to, CopySource: aws.String(b.name + "/" + escaped(from))}); err != nil {
		return b.fail("move", from, err)
	}
	is, err := b.stat(ctx, to)
	if err == nil && is.Size != was.Size {
		err = order.Errorf(order.Retry, "run again", "move s3://%s/%s: the copy has %d bytes, not %d", b.name, from, is.Size, was.Size)
	}
	if err == nil {
		err = b.remove(ctx, from)
	}
	if err != nil {
		return errors.Join(err, b.remove(context.WithoutCancel(ctx), to)) // not in two places
	}
	return nil
}

// escaped writes a key as it stands in a header: every byte but a few as %XX.
func escaped(key string) string {
	var s strings.Builder
	for i := range len(key) {
		switch c := key[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			s.WriteByte(c)
		default:
			fmt.Fprintf(&s, "%%%02X", c)
		}
	}
	return s.String()
}

// fail says what went wrong with which file, and what to do.
func (b *bucket) fail(what, name string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var op *smithy.OperationError
	if errors.As(err, &op) {
		err = op.Err
	}
	status := 0
	var reply *smithyhttp.ResponseError
	if errors.As(err, &reply) {
		status = reply.HTTPStatusCode()
	}
	why := err.Error()
	code := ""
	var call *url.Error
	if errors.As(err, &call) {
		why = call.Err.Error()
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
		why = strings.TrimSuffix(code+": "+api.ErrorMessage(), ": ")
	}
	it := fmt.Sprintf("%s s3://%s/%s", what, b.name, name)
	switch {
	case code == "RequestTimeTooSkewed":
		return order.Errorf(order.Denied, "set this machine's clock", "%s: %s", it, why)
	case status == http.StatusForbidden, status == http.StatusUnauthorized, code == "AuthorizationHeaderMalformed", code == "InvalidAccessKeyId":
		return order.Errorf(order.Denied, hintKeys, "%s: %s", it, why)
	case status == http.StatusNotFound && (code == "NoSuchKey" || code == "NotFound"): // a look without a body says NotFound
		return fmt.Errorf("%s: %w", it, fs.ErrNotExist)
	case status == http.StatusNotFound:
		return order.Errorf(order.NotFound, hintBucket, "%s: %s", it, why)
	case status >= 300 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests && status != http.StatusConflict:
		return order.Errorf(order.Invalid, hintKeys, "%s: %d %s", it, status, why)
	}
	return order.Errorf(order.Retry, "the store cannot be reached or is busy; running again is safe", "%s: %s", it, why)
}
