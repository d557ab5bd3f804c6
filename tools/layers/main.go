// Command layers checks that the files of each package stand in layers: no two
// use names of each other, be it through others. It takes the folder of a module
// and packages of it, lists what runs back and exits with 1 on any.
package main

import (
	"errors"
	"fmt"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: layers <folder> <package>…")
		os.Exit(1)
	}
	faults, n, err := check(os.Args[1], os.Args[2:]...)
	if err == nil && len(faults) > 0 {
		err = errors.New(strings.Join(faults, "\n") + "\nput what both use into a file below them, or make one file of them")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("the files of %d packages stand in layers\n", n)
}

// uses are the names that a file uses, by the file that defines them.
type uses map[string]map[string]bool

// check returns the faults of the packages, and how many packages there are.
func check(dir string, patterns ...string) (faults []string, n int, err error) {
	const mode = packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports | packages.NeedDeps
	all, err := packages.Load(&packages.Config{Mode: mode, Dir: dir}, patterns...)
	if err != nil {
		return nil, 0, err
	}
	for _, p := range all {
		if len(p.Errors) > 0 {
			return nil, 0, p.Errors[0]
		}
		faults = append(faults, back(p.PkgPath, usesOf(p))...)
	}
	return faults, len(all), nil
}

func usesOf(p *packages.Package) map[string]uses {
	of := map[string]uses{}
	for id, object := range p.TypesInfo.Uses {
		if object.Pkg() != p.Types || !object.Pos().IsValid() {
			continue
		}
		from, to := fileOf(p, id.Pos()), fileOf(p, object.Pos())
		if from == to {
			continue
		}
		if of[from] == nil {
			of[from] = uses{}
		}
		if of[from][to] == nil {
			of[from][to] = map[string]bool{}
		}
		of[from][to][object.Name()] = true
	}
	return of
}

func fileOf(p *packages.Package, at token.Pos) string {
	return filepath.Base(p.Fset.Position(at).Filename)
}

// back are the uses by which a file is reached from itself.
func back(pkg string, of map[string]uses) []string {
	var faults []string
	for _, from := range slices.Sorted(maps.Keys(of)) {
		for _, to := range slices.Sorted(maps.Keys(of[from])) {
			if reaches(of, to, from, map[string]bool{}) {
				names := slices.Sorted(maps.Keys(of[from][to]))
				faults = append(faults, fmt.Sprintf("%s: %s uses %s of %s, which uses it, too", pkg, from, strings.Join(names, ", "), to))
			}
		}
	}
	return faults
}

func reaches(of map[string]uses, from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	seen[from] = true
	for next := range of[from] {
		if !seen[next] && reaches(of, next, to, seen) {
			return true
		}
	}
	return false
}
