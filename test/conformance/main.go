// Conformance lets others judge the product and its fakes. The command runs
// against the demo organization with Prism in front of both fakes, which
// compares every request and reply with the vendors' own descriptions; then
// every record that was posted passes through the models of Authomize's own
// client. Whatever is found and is not in the list of exceptions makes it end
// with 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"

	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
)

// paths is where everything lies.
type paths struct {
	data    string // the vendors' descriptions
	tools   string // Prism and the models, installed
	scripts string
}

func main() {
	var p paths
	flag.StringVar(&p.data, "data", "", "folder of the vendors' descriptions")
	flag.StringVar(&p.tools, "tools", "", "folder where Prism and the models are installed")
	flag.StringVar(&p.scripts, "scripts", "test/conformance", "folder of models.py")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	ok, err := conform(ctx, p)
	stop()
	if err != nil {
		say("%v", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// conform does the whole work. It returns whether nothing was found.
func conform(ctx context.Context, p paths) (bool, error) {
	pingOne := vendor{name: "PingOne", description: filepath.Join(p.data, "pingone-management.yml"), unknown: "/v1"}
	authomize := vendor{name: "Authomize", description: filepath.Join(p.data, "authomize-connectors-openapi.json")}
	for _, v := range []vendor{pingOne, authomize} {
		if _, err := os.Stat(v.description); err != nil {
			return false, fmt.Errorf("the description of %s is missing: %w; say where it is: make conformance DATA=folder", v.name, err)
		}
	}
	w, err := startWorld(ctx, p, pingOne, authomize)
	if err != nil {
		return false, err
	}
	defer w.close()
	if err := w.sync(ctx); err != nil {
		return false, err
	}
	w.live()
	if err := w.sync(ctx); err != nil {
		return false, err
	}
	for _, v := range append(w.pingone.Violations(), w.authomize.Violations()...) {
		w.verdict.note("fake: " + v)
	}
	records, err := w.models(ctx)
	if err != nil {
		return false, err
	}
	say("%6d posted records passed through the models of Authomize's client", records)
	if !w.verdict.write(say) {
		return false, errors.New("conformance: found what is no exception")
	}
	say("conformance: clean")
	return true, nil
}

// A world is both fakes, each behind Prism.
type world struct {
	paths                  paths
	verdict                *verdict
	organization           *pingonetest.Organization
	pingone                *pingonetest.Server
	authomize              *authomizetest.Server
	toPingOne, toAuthomize *front
	closers                []func()
	folder                 string // scratch
}

func (w *world) close() {
	for i := len(w.closers) - 1; i >= 0; i-- {
		w.closers[i]()
	}
}

func startWorld(ctx context.Context, p paths, pingOne, authomize vendor) (*world, error) {
	w := &world{paths: p, verdict: newVerdict(), organization: pingonetest.Demo()}
	err := w.start(ctx, pingOne, authomize)
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) start(ctx context.Context, pingOne, authomize vendor) (err error) {
	if w.folder, err = os.MkdirTemp("", "conformance-"); err != nil {
		return err
	}
	w.closers = append(w.closers, func() { _ = os.RemoveAll(w.folder) })
	if w.pingone, err = pingonetest.Start(w.organization, pingonetest.CountOnly()); err != nil {
		return err
	}
	w.closers = append(w.closers, w.pingone.Close)
	if w.authomize, err = authomizetest.Start(authomizetest.WithThrowaway("throwaway")); err != nil {
		return err
	}
	w.closers = append(w.closers, w.authomize.Close)
	pingOne.fake, authomize.fake = w.pingone.URL, w.authomize.URL
	ports, err := freePorts(ctx)
	if err != nil {
		return err
	}
	// Each takes a while to read its description.
	var wg sync.WaitGroup
	var errs [2]error
	var prisms [2]*prism
	for i, v := range []vendor{pingOne, authomize} {
		wg.Go(func() { prisms[i], errs[i] = startPrism(ctx, w.paths.tools, ports[i], v) })
	}
	wg.Wait()
	for _, p := range prisms {
		if p != nil {
			w.closers = append(w.closers, p.close)
		}
	}
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	if w.toPingOne, err = startFront(ctx, pingOne, prisms[0].url, w.verdict); err != nil {
		return err
	}
	w.closers = append(w.closers, w.toPingOne.close)
	if w.toAuthomize, err = startFront(ctx, authomize, prisms[1].url, w.verdict); err != nil {
		return err
	}
	w.closers = append(w.closers, w.toAuthomize.close)
	return nil
}
