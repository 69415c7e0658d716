package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	seal "filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mallbridge/mallbridge/internal/pgtest"
	"github.com/mallbridge/mallbridge/internal/s3test"
)

// TestElsewhere runs the scripts whose ledger is in PostgreSQL and whose folders are in
// a bucket, each with three empty databases and an age identity of its own.
func TestElsewhere(t *testing.T) {
	if err := s3test.Find(); errors.Is(err, s3test.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	server := pgtest.New(t, "127.0.0.1")
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("..", "..", "testdata", "postgres"),
		Cmds: scriptCommands,
		Setup: func(e *testscript.Env) error {
			id, err := seal.GenerateX25519Identity()
			if err != nil {
				return err
			}
			e.Setenv("AGE_RECIPIENT", id.Recipient().String())
			e.Setenv("AGE_IDENTITY", id.String())
			for i := 1; i <= 3; i++ {
				name, err := server.Database()
				if err != nil {
					return err
				}
				e.Setenv(fmt.Sprint("LEDGER_", i), server.DSN(server.Addr, name))
			}
			e.Setenv("LEDGER", e.Getenv("LEDGER_1"))
			return setup(e)
		},
		RequireUniqueNames: true,
	})
}
