package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// readEnvFile reads lines of NAME=value. A line that begins with # is a comment,
// export may stand in front, and a pair of quotes around a value is left out.
// Nothing else means anything: a value is a credential, not a program. Errors name
// the line and never quote it.
func readEnvFile(file string) (map[string]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("env file: %w: copy .env.example to %s and fill it in", err, file)
	}
	values := map[string]string{}
	for i, line := range strings.Split(string(bytes.TrimPrefix(data, []byte("\ufeff"))), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || strings.ContainsAny(name, " \t\"'") {
			return nil, fmt.Errorf("env file %s: line %d is not understood: each line must be NAME=value or begin with #", file, i+1)
		}
		if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			value = value[1 : n-1]
		}
		values[name] = value
	}
	return values, nil
}
