package pgtest

import (
	"database/sql"
	"os"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestDatabasesAreApart(t *testing.T) {
	var names []string
	for range 2 {
		db, err := sql.Open("pgx", Database(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		var name, version string
		if err := db.QueryRow(`SELECT current_database(), version()`).Scan(&name, &version); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(`CREATE TABLE mine (n BIGINT)`); err != nil {
			t.Fatal(err)
		}
		t.Log(name, version)
		names = append(names, name)
	}
	if names[0] == names[1] {
		t.Errorf("both databases are %s", names[0])
	}
}

func TestServerIsPrivate(t *testing.T) {
	db, err := sql.Open("pgx", Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var listens, dir string
	if err := db.QueryRow(`SELECT current_setting('listen_addresses'), current_setting('data_directory')`).Scan(&listens, &dir); err != nil {
		t.Fatal(err)
	}
	if listens != "" {
		t.Errorf("listens on %s", listens)
	}
	if fi, err := os.Stat(dir); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("data folder: %v, %v", fi.Mode(), err)
	}
}
