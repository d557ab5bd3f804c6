package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// A machine is where it was measured, as far as the system says.
type machine struct {
	CPU         string `json:"cpu"`
	Cores       int    `json:"cores"`
	MemoryBytes int64  `json:"memoryBytes"`
	Go          string `json:"go"`
	Load        string `json:"load"` // averages over 1, 5 and 15 minutes
}

func thisMachine() machine {
	m := machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
	if name := lineOf("/proc/cpuinfo", "model name"); name != "" {
		m.CPU = name
	}
	kib, _ := strconv.ParseInt(strings.TrimSuffix(lineOf("/proc/meminfo", "MemTotal"), " kB"), 10, 64) // 0 where it isn't there
	m.MemoryBytes = kib << 10
	load, _ := os.ReadFile("/proc/loadavg") // Linux only
	if fields := strings.Fields(string(load)); len(fields) > 3 {
		m.Load = strings.Join(fields[:3], " ")
	}
	return m
}

// lineOf is the value of the first line with that name in a file of /proc.
func lineOf(file, name string) string {
	data, _ := os.ReadFile(file) // Linux only
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
