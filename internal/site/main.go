// Command site makes a static site out of the Markdown of this tree: a page for each
// file, with navigation, languages side by side and an index of headings. The pages
// load nothing from elsewhere and work when they are opened as files.
//
// It ends with exit code 1 and writes nothing when a link or an anchor leads nowhere,
// or when a page can be reached from no other.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	from := flag.String("from", ".", "root of the tree")
	out := flag.String("out", "dist/docs", "folder of the site; what it held before goes")
	flag.Parse()
	if err := run(*from, *out); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(from, out string) error {
	s, err := read(os.DirFS(from))
	if err != nil {
		return err
	}
	files, problems, err := s.build()
	if err != nil {
		return err
	}
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, p)
	}
	if len(problems) > 0 {
		return fmt.Errorf("%d links and pages are wrong", len(problems))
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	for name, data := range files {
		path := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("%d pages: %s\n", len(s.pages), filepath.Join(out, "index.html"))
	return nil
}
