package staging

import (
	"bytes"
	"testing"
)

func TestLineLimits(t *testing.T) {
	t.Parallel()
	line := bytes.Repeat([]byte{'x'}, MaxLineBytes+1)
	line[MaxLineBytes-1], line[MaxLineBytes] = '\n', '\n'
	l := newLines()
	if err := l.add(line); err == nil {
		t.Error("a line above the limit was taken")
	}
	for range 2 {
		if err := l.add(line[:MaxLineBytes]); err != nil {
			t.Fatalf("a line of the limit: %v", err)
		}
	}
	if err := l.add([]byte("\n")); err == nil {
		t.Error("more than a reader takes was buffered")
	}
	data, err := l.bytes()
	if err != nil {
		t.Fatal(err)
	}
	var u unpacker
	raw, err := u.unpack(data, stored{rawBytes: maxRawBytes, lines: 2}, nil)
	if err != nil || !bytes.Equal(raw[MaxLineBytes:], line[:MaxLineBytes]) {
		t.Errorf("got %d bytes, error %v", len(raw), err)
	}
}
