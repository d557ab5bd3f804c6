package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"pingone-authomize/shared/staging"
)

// functions are the eleven: transform, and one a collection.
func functions() []string {
	names := []string{"transform"}
	for _, c := range staging.Collections {
		names = append(names, string(c))
	}
	return names
}

// build makes dir/<name>/bootstrap of each function with the Makefile's rule.
func build(ctx context.Context, dir, system, arch string) error {
	for _, name := range functions() {
		out := filepath.Join(dir, name, "bootstrap")
		//nolint:gosec // our own names
		command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc,grpcnotrace", "-ldflags", "-s -w",
			"-o", out, "./functions/"+name)
		command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
		if text, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s for %s: %w\n%s", name, arch, err, text)
		}
	}
	return nil
}

// artifacts are the sizes of the binaries in dir, as they are and zipped.
func artifacts(dir string) ([]artifact, error) {
	var all []artifact
	for _, name := range functions() {
		data, err := os.ReadFile(filepath.Join(dir, name, "bootstrap"))
		if err != nil {
			return nil, err
		}
		zipped, err := zipSize(data)
		if err != nil {
			return nil, err
		}
		all = append(all, artifact{Function: name, Bytes: int64(len(data)), ZipBytes: zipped})
	}
	return all, nil
}

// zipSize is what SAM uploads of a binary.
func zipSize(data []byte) (int64, error) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	w, err := z.Create("bootstrap")
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(w, bytes.NewReader(data)); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	return int64(buf.Len()), nil
}
