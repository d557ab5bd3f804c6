// Command artifacts checks what `sam build` left: for every function of the
// built template a bootstrap that Lambda's arm64 custom runtime can start. It
// takes the build folder, lists what it found and exits with 1 on any fault.
package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// functions are the logical ids in template.yaml.
var functions = []string{
	"EnvironmentsFunction", "PopulationsFunction", "UsersFunction", "GroupsFunction",
	"MembershipsFunction", "RolesFunction", "RoleAssignmentsFunction",
	"ApplicationsFunction", "GatewaysFunction", "DevicesFunction", "ApplicationRolesFunction", "TransformFunction",
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: artifacts <build folder>")
		os.Exit(1)
	}
	if err := checkAll(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%d artifacts, each a static arm64 bootstrap\n", len(functions))
}

func checkAll(dir string) error {
	var faults []error
	for _, id := range functions {
		if err := check(filepath.Join(dir, id, "bootstrap")); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", id, err))
		}
	}
	return errors.Join(faults...)
}

// check tells what is wrong with one binary. Static means that the kernel
// loads it without an interpreter and that it names no library.
func check(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o111 != 0o111 {
		return fmt.Errorf("%s has mode %v, so Lambda can't execute it", path, info.Mode().Perm())
	}
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("%s is no ELF binary: %w", path, err)
	}
	defer f.Close()
	if f.Type != elf.ET_EXEC || f.Machine != elf.EM_AARCH64 || f.Class != elf.ELFCLASS64 {
		return fmt.Errorf("%s is %v %v %v, not an arm64 executable", path, f.Class, f.Machine, f.Type)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			return fmt.Errorf("%s is linked dynamically", path)
		}
	}
	return nil
}
