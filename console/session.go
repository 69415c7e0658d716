package console

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/alexedwards/scs/v2"

	"github.com/mallbridge/mallbridge/ledger"
	"github.com/mallbridge/mallbridge/order"
	"github.com/mallbridge/mallbridge/pipeline/stage"
)

// What sessions hold.
const (
	sessionUser  = "user"
	sessionHash  = "hash" // the password's: another password ends the session
	sessionLang  = "lang"
	sessionFlash = "flash"
	sessionBegan = "began" // when the person signed in
	sessionSeen  = "seen"  // about when the person was here last

	// Of a person whose password was right and whose code is still to come.
	sessionHalf     = "half"
	sessionHalfHash = "half hash"
	sessionHalfAt   = "half at"
)

// halfLife is how long a person may take for the code.
const halfLife = 5 * time.Minute

// seenEvery is how often it is written down that a person is here: a page that is only
// read writes nothing else.
const seenEvery = 5 * time.Minute

// How long a session lasts by the clock of the workspace, and how long without a sign
// of life.
const (
	sessionLife = 12 * time.Hour
	sessionIdle = 2 * time.Hour
)

// inviteLife is how long the link lasts by which a person chooses a password.
const inviteLife = 24 * time.Hour

func newSessions(o Options) *scs.SessionManager {
	s := scs.New()
	s.Lifetime = sessionLife
	s.HashTokenInStore = true
	s.Store = &store{o.Env}
	s.Cookie.Name, s.Cookie.HttpOnly, s.Cookie.SameSite, s.Cookie.Secure = "mallbridge", true, http.SameSiteLaxMode, o.HTTPS
	s.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
		o.Env().Log.Error("a session could not be kept", "err", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
	return s
}

// store keeps sessions in the ledger.
type store struct{ env func() *stage.Env }

func (s *store) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

func (s *store) Commit(token string, b []byte, until time.Time) error {
	return s.CommitCtx(context.Background(), token, b, until)
}

func (s *store) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

func (s *store) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	env := s.env()
	return env.Ledger.Session(ctx, token, env.Now())
}

func (s *store) CommitCtx(ctx context.Context, token string, b []byte, _ time.Time) error {
	env := s.env()
	return env.Ledger.PutSession(ctx, token, b, env.Now().Add(sessionLife))
}

func (s *store) DeleteCtx(ctx context.Context, token string) error {
	env := s.env()
	return env.Ledger.DropSession(ctx, token, env.Now())
}

// passwords are hashed with the costs that OWASP names first for argon2id.
var passwords = &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// nobody is a hash that no password has: a name that is not there takes as long as
// a wrong password.
var nobody = sync.OnceValues(func() (string, error) { return argon2id.CreateHash(rand.Text(), passwords) })

// Bounds of passwords, in bytes.
const minPassword, maxPassword = 12, 200

// tries counts attempts to sign in, by name and by address.
type tries struct {
	mu   sync.Mutex
	last map[string][]time.Time
}

// Five attempts in a minute are allowed.
const (
	tryLimit = 5
	tryTime  = time.Minute
)

// take counts one attempt; ok is false if there were too many.
func (t *tries) take(now time.Time, keys ...string) (ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil || len(t.last) > 10_000 {
		t.last = map[string][]time.Time{}
	}
	ok = true
	for _, k := range keys {
		var fresh []time.Time
		for _, at := range t.last[k] {
			if now.Sub(at) < tryTime {
				fresh = append(fresh, at)
			}
		}
		ok = ok && len(fresh) < tryLimit
		t.last[k] = append(fresh, now)[max(0, len(fresh)+1-tryLimit):]
	}
	return ok
}

type signInData struct {
	Name, Back, Wrong string
	First             bool // nobody has a password yet
}

func (c *Console) signInPage(q *request) (string, any, error) {
	us, err := q.env.Ledger.Users(q.Context())
	first := true
	for _, u := range us {
		first = first && u.Hash == ""
	}
	return "sign-in", signInData{Back: back(q), First: first, Wrong: c.sessions.PopString(q.Context(), "wrong")}, err
}

func (c *Console) signIn(q *request) (string, error) {
	name, password := strings.TrimSpace(q.FormValue("name")), q.FormValue("password")
	again := query("/sign-in", "back", back(q))
	if !c.tries.take(q.env.Now(), "name "+name, "from "+hostOf(q)) {
		c.sessions.Put(q.Context(), "wrong", say(q.lang, "too many attempts; wait a minute"))
		return again, nil
	}
	hash, err := nobody()
	if err != nil {
		return "", err
	}
	u, err := q.env.Ledger.User(q.Context(), name)
	if order.CodeOf(err) == order.NotFound {
		u, err = ledger.User{}, nil
	}
	if err != nil {
		return "", err
	}
	if u.Hash != "" && !u.Disabled {
		hash = u.Hash
	}
	right, err := argon2id.ComparePasswordAndHash(password[:min(len(password), maxPassword+1)], hash)
	if err != nil {
		return "", err
	}
	if !right || hash != u.Hash {
		// A name that is nobody's is not kept: people type passwords there.
		if u.Name != "" {
			if err := q.env.Ledger.Record(q.Context(), q.env.Now(), ledger.Event{Kind: "user.sign_in_failed", Detail: u.Name, Actor: "?"}); err != nil {
				return "", err
			}
		}
		c.sessions.Put(q.Context(), "wrong", say(q.lang, "name or password is wrong"))
		return again, nil
	}
	return c.admit(q, u, back(q))
}

// hostOf is the address from which a request comes.
func hostOf(q *request) string {
	host, _, err := net.SplitHostPort(q.RemoteAddr)
	if err != nil {
		return q.RemoteAddr
	}
	return host
}

// admit lets in whose password was right, or asks for the code of the second factor.
func (c *Console) admit(q *request, u ledger.User, to string) (string, error) {
	f, err := q.env.Ledger.SecondFactor(q.Context(), u.Name)
	if err != nil {
		return "", err
	}
	if !f.Confirmed {
		return to, c.begin(q, u)
	}
	if err := c.sessions.RenewToken(q.Context()); err != nil {
		return "", err
	}
	c.sessions.Put(q.Context(), sessionHalf, u.Name)
	c.sessions.Put(q.Context(), sessionHalfHash, u.Hash)
	c.sessions.Put(q.Context(), sessionHalfAt, q.env.Now().Unix())
	return query("/sign-in/code", "back", to), nil
}

// begin starts the session of a user.
func (c *Console) begin(q *request, u ledger.User) error {
	if err := c.sessions.RenewToken(q.Context()); err != nil {
		return err
	}
	c.sessions.Put(q.Context(), sessionUser, u.Name)
	c.sessions.Put(q.Context(), sessionHash, u.Hash)
	for _, key := range []string{sessionHalf, sessionHalfHash, sessionHalfAt} {
		c.sessions.Remove(q.Context(), key)
	}
	c.sessions.Put(q.Context(), sessionBegan, q.env.Now().Unix())
	c.sessions.Put(q.Context(), sessionSeen, q.env.Now().Unix())
	return q.env.Ledger.SignedIn(q.Context(), u.Name, q.env.Now())
}

func (c *Console) signOut(q *request) (string, error) {
	if q.user.Name != "" {
		if err := q.env.Ledger.Record(q.Context(), q.env.Now(), ledger.Event{Kind: "user.signed_out", Detail: q.user.Name, Actor: q.user.Name}); err != nil {
			return "", err
		}
	}
	return "/sign-in", c.sessions.Destroy(q.Context())
}

type joinData struct {
	Name, Token, Wrong string
	Min                int
}

func (c *Console) joinPage(q *request) (string, any, error) {
	u, err := q.env.Ledger.Invited(q.Context(), q.PathValue("token"), q.env.Now())
	return "join", joinData{Name: u.Name, Token: q.PathValue("token"), Wrong: c.sessions.PopString(q.Context(), "wrong"), Min: minPassword}, err
}

func (c *Console) join(q *request) (string, error) {
	token, password := q.PathValue("token"), q.FormValue("password")
	u, err := q.env.Ledger.Invited(q.Context(), token, q.env.Now())
	if err != nil {
		return "", err
	}
	if wrong := unfit(q.lang, u.Name, password, q.FormValue("again")); wrong != "" {
		c.sessions.Put(q.Context(), "wrong", wrong)
		return "/join/" + token, nil
	}
	hash, err := argon2id.CreateHash(password, passwords)
	if err != nil {
		return "", err
	}
	if err := q.env.Ledger.SetPassword(q.Context(), token, hash, q.env.Now()); err != nil {
		return "", err
	}
	u.Hash = hash
	return c.admit(q, u, "/")
}

// unfit says what is wrong with a new password, if anything is.
func unfit(lang, name, password, again string) string {
	switch {
	case password != again:
		return say(lang, "the two passwords differ")
	case len(password) < minPassword, len(password) > maxPassword, strings.EqualFold(password, name), len(name) > 3 && strings.Contains(strings.ToLower(password), strings.ToLower(name)):
		return say(lang, "choose a password of %d characters or more", minPassword)
	}
	return ""
}

// FirstUser invites an administrator if nobody can sign in yet, and returns the
// path of the link; else it returns "".
func (c *Console) FirstUser(ctx context.Context) (path string, err error) {
	env := c.o.Env()
	us, err := env.Ledger.Users(ctx)
	if err != nil {
		return "", err
	}
	for _, u := range us {
		if u.Hash != "" {
			return "", nil
		}
	}
	return Invite(ctx, env, "admin", ledger.Admin, "the program")
}

var userName = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]{0,39}$`)

// Invite adds a user, or lets one choose a new password, and returns the path of the
// link by which that is done within a day.
func Invite(ctx context.Context, env *stage.Env, name, role, actor string) (path string, err error) {
	if !userName.MatchString(name) {
		return "", order.Errorf(order.Invalid, "use letters, digits, dot, hyphen and underscore, 40 at most", "%q is no name of a user", name)
	}
	if rank[role] == 0 {
		return "", order.Errorf(order.Invalid, "use viewer, operator or admin", "no such role: %s", role)
	}
	now := env.Now()
	token, err := env.Ledger.Invite(ctx, name, role, now.Add(inviteLife), actor, now)
	return "/join/" + token, err
}

// Enter returns the path of a link that signs in as a user without a password, once.
// It is for the demo, where nothing is real.
func (c *Console) Enter(ctx context.Context, name string) (path string, err error) {
	env := c.o.Env()
	hash, err := argon2id.CreateHash(rand.Text(), passwords)
	if err != nil {
		return "", err
	}
	now := env.Now()
	token, err := env.Ledger.Invite(ctx, name, ledger.Admin, now.Add(inviteLife), "the demo", now)
	if err == nil {
		err = env.Ledger.SetPassword(ctx, token, hash, now)
	}
	if err != nil {
		return "", err
	}
	c.enter.Store(token, name)
	return "/enter/" + token, nil
}

func (c *Console) enterBy(q *request) (string, error) {
	name, ok := c.enter.LoadAndDelete(q.PathValue("token"))
	if !ok {
		return "/sign-in", nil
	}
	u, err := q.env.Ledger.User(q.Context(), name.(string))
	if err != nil {
		return "", err
	}
	return "/", c.begin(q, u)
}

type usersData struct {
	Users   []ledger.User
	Factors map[string]bool // who has a second factor
	Acts    []ledger.Event
	Roles   []string
}

func (c *Console) users(q *request) (string, any, error) {
	us, err := q.env.Ledger.Users(q.Context())
	if err != nil {
		return "", nil, err
	}
	factors := map[string]bool{}
	for _, u := range us {
		f, err := q.env.Ledger.SecondFactor(q.Context(), u.Name)
		if err != nil {
			return "", nil, err
		}
		factors[u.Name] = f.Confirmed
	}
	acts, err := q.env.Ledger.Acts(q.Context(), 100)
	return "users", usersData{us, factors, acts, []string{ledger.Viewer, ledger.Operator, ledger.Admin}}, err
}

func (c *Console) invite(q *request) (string, error) {
	path, err := Invite(q.Context(), q.env, strings.TrimSpace(q.FormValue("name")), q.FormValue("role"), q.user.Name)
	if err != nil {
		return "", err
	}
	scheme := "http"
	if c.o.HTTPS {
		scheme = "https"
	}
	c.tell(q, "give this link to the person; it works once, for a day: %s", scheme+"://"+q.Host+path)
	return "/users", nil
}

func (c *Console) disable(q *request) (string, error) {
	name := q.PathValue("name")
	if name == q.user.Name {
		return "", order.Errorf(order.Invalid, "let another admin do it", "nobody shuts out themselves")
	}
	return "/users", q.env.Ledger.Disable(q.Context(), name, q.FormValue("disabled") == "1", q.user.Name, q.env.Now())
}
