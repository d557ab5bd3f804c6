package awsfake

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// motoVariable names the moto_server of make check, which must then work.
const motoVariable = "MOTO_SERVER"

// motoTime is how long moto may take to start.
const motoTime = 2 * time.Minute // beside the race detector's tests it takes its time

// leash runs its arguments until stdin closes, which the end of this process
// does as well: a test that crashes leaves no server behind.
const leash = `"$0" "$@" >/dev/null & pid=$!; cat >/dev/null; kill "$pid"; wait "$pid"`

// motoPath is the moto_server that MOTO_SERVER names, else that of PATH.
func motoPath() (string, error) {
	if path := os.Getenv(motoVariable); path != "" {
		return path, nil
	}
	path, err := exec.LookPath("moto_server")
	if err != nil {
		return "", errors.New("moto_server is not installed")
	}
	return path, nil
}

func startMoto(ctx context.Context) (*Server, error) {
	path, err := motoPath()
	if err != nil {
		return nil, err
	}
	// A port that we chose might be another one's by the time moto opens it.
	command := exec.Command("/bin/sh", "-c", leash, path, "-H", "127.0.0.1", "-p", "0") //nolint:gosec,noctx // what make or PATH names; closing stdin ends it
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start moto_server: %w", err)
	}
	stderr, err := command.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("start moto_server: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start moto_server: %w", err)
	}
	// One that says nothing is ended, so that its stderr ends.
	silent := time.AfterFunc(motoTime, func() { stdin.Close() })
	defer silent.Stop()
	s := &Server{
		URL: addressIn(stderr), Kind: Moto, Note: "moto_server (" + path + ")",
		stop: func() {
			stdin.Close()
			_ = command.Wait() // killed, so it never ends well
		},
	}
	if err := s.wait(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// addressIn is where moto says that it runs, "" if it ends without a word. The
// rest of what it says is let go.
func addressIn(stderr io.Reader) string {
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, address, found := strings.Cut(lines.Text(), "Running on "); found {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return strings.TrimSpace(address)
		}
	}
	return ""
}

// wait returns when moto answers.
func (s *Server) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, motoTime)
	defer cancel()
	client := &http.Client{Timeout: time.Second}
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/moto-api/", nil)
		if err != nil {
			return fmt.Errorf("start moto_server: %w", err)
		}
		if resp, err := client.Do(r); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("moto_server did not answer within %s", motoTime)
		}
	}
}
