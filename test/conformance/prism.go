package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// prismStart is how long Prism may take to read a description.
const prismStart = 2 * time.Minute

// A prism is a running Prism: a proxy that compares each request and each
// reply with a description. It lets everything pass, and says what it found in
// a header of the reply.
type prism struct {
	url   string
	ended chan error
	stop  context.CancelFunc
}

func startPrism(ctx context.Context, tools, port string, v vendor) (*prism, error) {
	ctx, stop := context.WithCancel(ctx)
	program := filepath.Join(tools, "node_modules", ".bin", "prism")
	cmd := exec.CommandContext(ctx, program, "proxy", "--host", "127.0.0.1", "--port", port, //nolint:gosec // from the Makefile
		"--verboseLevel", "info", v.description, v.fake+v.unknown)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		stop()
		return nil, fmt.Errorf("start Prism: %w", err)
	}
	p := &prism{url: "http://127.0.0.1:" + port, ended: make(chan error, 1), stop: stop}
	listening := make(chan struct{})
	go func() {
		follow(out, listening)
		p.ended <- cmd.Wait()
	}()
	select {
	case <-listening:
		return p, nil
	case err = <-p.ended:
		err = fmt.Errorf("it ended: %w", err)
	case <-time.After(prismStart):
		err = errors.New("it does not listen")
	}
	stop()
	return nil, fmt.Errorf("start Prism with %s: %w", v.description, err)
}

// follow reads what Prism logs until it ends, and tells when it listens. Asking
// its port instead might connect to the asking end, while nobody listens.
func follow(out io.Reader, listening chan<- struct{}) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, maxBody)
	for lines.Scan() {
		if listening != nil && strings.Contains(lines.Text(), "Prism is listening") {
			close(listening)
			listening = nil
		}
	}
	_, _ = io.Copy(io.Discard, out) // Prism must not wait for a reader
}

func (p *prism) close() {
	p.stop()
	<-p.ended //nolint:errcheck // it was killed
}

// freePorts are two ports that nobody listens on at this moment.
func freePorts(ctx context.Context) (ports [2]string, err error) {
	for i := range ports {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return ports, err
		}
		defer func() { _ = l.Close() }() // held, so that the other is another
		if _, ports[i], err = net.SplitHostPort(l.Addr().String()); err != nil {
			return ports, err
		}
	}
	return ports, nil
}
