// Command pack makes the archive of each function that Lambda takes: a zip
// with nothing but bootstrap in it. It takes the folder of the binaries, one
// folder a function, and the folder to write to, lists what it wrote with its
// size and SHA-256, and exits with 1 on any fault or if anything is too big.
//
// Equal binaries give equal archives: no time and no owner goes in.
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
)

// Bounds that keep a cold start short, in bytes.
const (
	maxBinary  = 30_000_000
	maxArchive = 9_000_000
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pack <folder of binaries> <folder of archives>")
		os.Exit(1)
	}
	if err := packAll(os.Stdout, os.Args[1], os.Args[2], limits{maxBinary, maxArchive}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type limits struct{ binary, archive int }

// packAll writes every archive before it reports those that are too big.
func packAll(out io.Writer, from, to string, most limits) error {
	binaries, err := filepath.Glob(filepath.Join(from, "*", "bootstrap"))
	if err != nil {
		return fmt.Errorf("look for binaries in %s: %w", from, err)
	}
	if len(binaries) == 0 {
		return fmt.Errorf("no */bootstrap in %s: build it first", from)
	}
	sort.Strings(binaries)
	if err := os.MkdirAll(to, 0o750); err != nil {
		return fmt.Errorf("make the folder of archives: %w", err)
	}
	var faults []error
	for _, path := range binaries {
		name := filepath.Base(filepath.Dir(path)) + ".zip"
		if err := packOne(out, path, filepath.Join(to, name), most); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(faults...)
}

func packOne(out io.Writer, from, to string, most limits) error {
	binary, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read the binary: %w", err)
	}
	archive, err := pack(binary)
	if err != nil {
		return fmt.Errorf("pack %s: %w", from, err)
	}
	if err := os.WriteFile(to, archive, 0o600); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	fmt.Fprintf(out, "%-22s binary %10d  zip %9d  sha256 %x\n", filepath.Base(to), len(binary), len(archive), sha256.Sum256(archive))
	return errors.Join(
		within("binary", len(binary), most.binary),
		within("archive", len(archive), most.archive),
	)
}

func within(what string, size, most int) error {
	if size <= most {
		return nil
	}
	return fmt.Errorf("the %s has %d bytes, %d more than the %d that are allowed: see what was linked in, with go tool nm -size", what, size, size-most, most)
}

// pack returns a zip with binary as an executable bootstrap.
func pack(binary []byte) ([]byte, error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755) // Lambda executes it
	f, err := w.CreateHeader(header)
	if err != nil {
		return nil, fmt.Errorf("begin the zip: %w", err)
	}
	if _, err := f.Write(binary); err != nil {
		return nil, fmt.Errorf("write the zip: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("end the zip: %w", err)
	}
	return buf.Bytes(), nil
}
