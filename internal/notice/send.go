package notice

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/mallbridge/mallbridge/internal/secrets"
	"github.com/mallbridge/mallbridge/mappers/message"
)

// roots are the certificate authorities; nil for those of the system. Tests have
// their own.
var roots *x509.CertPool

// client calls webhooks. It follows no redirect: the address is a secret, and the
// body is signed for it.
func client() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	t.DisableKeepAlives = true
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (c *channel) secret(ref secrets.Ref) (string, error) {
	v, err := c.env.Secrets.Resolve(ref)
	return v.Reveal(), err
}

// post sends a message to a webhook.
func (c *channel) post(ctx context.Context, m *message.Message) error {
	w := c.cfg.Webhook
	address, err := c.secret(w.URL)
	if err != nil {
		return err
	}
	u, err := url.Parse(strings.TrimSpace(address))
	switch {
	case err != nil || u.Host == "":
		return errors.New("the secret of webhook.url is no address")
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		return errors.New("the address of webhook.url must begin with https://")
	}
	text := w.Body
	if text == "" {
		text = message.Bodies[w.For]
	}
	body, err := render(text, m)
	if err != nil {
		return fmt.Errorf("webhook.body: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, w.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New("the secret of webhook.url is no address")
	}
	if err := c.headers(req, m, body); err != nil {
		return err
	}
	res, err := client().Do(req)
	if err != nil {
		// The error's text begins with the address, which is a secret.
		if known, ok := errors.AsType[*url.Error](err); ok {
			err = known.Err
		}
		return fmt.Errorf("no answer from %s: %w", u.Hostname(), err)
	}
	defer res.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(res.Body, 300))
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s: %s", u.Hostname(), res.Status, strings.Join(strings.Fields(strings.ToValidUTF8(string(said), "?")), " "))
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func render(text string, m *message.Message) ([]byte, error) {
	t, err := message.Parse(text, false)
	if err != nil {
		return nil, err
	}
	return t.Render(m)
}

func (c *channel) headers(req *http.Request, m *message.Message, body []byte) error {
	w := c.cfg.Webhook
	kind := message.ContentTypes[w.For]
	if kind == "" || w.Body != "" {
		kind = "application/json"
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("User-Agent", "mallbridge")
	req.Header.Set("Mallbridge-Notice", m.ID)
	for name, text := range w.Headers {
		v, err := render(text, m)
		if err != nil {
			return fmt.Errorf("webhook.headers.%s: %w", name, err)
		}
		req.Header.Set(name, strings.Join(strings.Fields(string(v)), " "))
	}
	for name, ref := range w.SecretHeaders {
		v, err := c.secret(ref)
		if err != nil {
			return err
		}
		req.Header.Set(name, strings.TrimSpace(v))
	}
	if w.Sign == "" {
		return nil
	}
	key, err := c.secret(w.Sign)
	if err != nil {
		return err
	}
	at := strconv.FormatInt(c.env.Now().Unix(), 10)
	req.Header.Set("Mallbridge-Timestamp", at)
	req.Header.Set("Mallbridge-Signature", "sha256="+signature(key, at, body))
	return nil
}

// signature is the HMAC-SHA256 under key of the timestamp, a dot and the body, in
// hexadecimal.
func signature(key, at string, body []byte) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(at + "."))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// mail sends a message by SMTP.
func (c *channel) mail(ctx context.Context, m *message.Message) error {
	cfg := c.cfg.Mail
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(cfg.From), msg.To(cfg.To...)); err != nil {
		return err
	}
	msg.Subject(m.Title)
	msg.SetMessageIDWithValue(m.ID + "@mallbridge")
	msg.SetDateWithValue(c.env.Now())
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, m.Text+"\n")
	o := []mail.Option{mail.WithPort(cfg.Port), mail.WithTimeout(timeout), mail.WithTLSConfig(&tls.Config{RootCAs: roots, ServerName: cfg.Host, MinVersion: tls.VersionTLS12})}
	switch cfg.Security {
	case "tls":
		o = append(o, mail.WithSSL())
	case "none":
		o = append(o, mail.WithTLSPolicy(mail.NoTLS))
	default:
		o = append(o, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if cfg.User != "" {
		password, err := c.secret(cfg.Password)
		if err != nil {
			return err
		}
		o = append(o, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(cfg.User), mail.WithPassword(password))
	}
	s, err := mail.NewClient(cfg.Host, o...)
	if err != nil {
		return err
	}
	if err := s.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("mail by %s: %w", cfg.Host, err)
	}
	return nil
}
