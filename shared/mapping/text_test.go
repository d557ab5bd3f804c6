package mapping

import (
	"strings"
	"testing"
)

func TestValidEmail(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	tests := []struct {
		email string
		want  bool
	}{
		{"sam@example.com", true},
		{"sam.rivers+review@mail.example.co", true},
		{"O'Neil_1@x-1.example", true},
		{"a@b.xn--p1ai", true},
		{strings.Repeat("a", 64) + "@example.com", true},
		{"a@" + label + ".com", true},
		{"a@" + label + "." + label + "." + label + "." + strings.Repeat("b", 60), true}, // 254 bytes
		{"a@" + label + "." + label + "." + label + "." + strings.Repeat("b", 61), false},
		{strings.Repeat("a", 65) + "@example.com", false},
		{"a@" + label + "a.com", false},
		{"", false},
		{"@", false},
		{"sam", false},
		{"@example.com", false},
		{"sam@", false},
		{"sam@localhost", false},
		{"sam@example.", false},
		{"sam@.example", false},
		{"sam@example..com", false},
		{"sam@-example.com", false},
		{"sam@example-.com", false},
		{"sam@10.0.0.1", false},
		{"sam@example.c0m.42", false},
		{"sam@exam_ple.com", false},
		{"sam@example@example.com", false},
		{".sam@example.com", false},
		{"sam.@example.com", false},
		{"s..am@example.com", false},
		{"s am@example.com", false},
		{"sam\n@example.com", false},
		{"sam@example.com\x00", false},
		{`"sam"@example.com`, false},
		{"Sam <sam@example.com>", false},
		{"sám@example.com", false},
		{"sam@exämple.com", false},
	}
	for _, tt := range tests {
		if got := validEmail(tt.email); got != tt.want {
			t.Errorf("%q: got %t, want %t", tt.email, got, tt.want)
		}
	}
}

func TestStamp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in, want string
		warnings Warnings
	}{
		{"", "", 0},
		{"  ", "", 0},
		{"2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z", 0},
		{" 2026-11-23T09:00:00.120Z ", "2026-11-23T09:00:00.120Z", 0},
		{"2026-11-23T09:00:00.5+02:00", "2026-11-23T07:00:00.5Z", 0},
		{"2026-11-23T09:00:00-00:00", "2026-11-23T09:00:00Z", 0},
		{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", 0},
		{"0001-01-01T00:00:00+01:00", "", badTime},
		{"9999-12-31T23:59:59-01:00", "", badTime},
		{"2026-11-23", "", badTime},
		{"2026-11-23 09:00:00Z", "", badTime},
		{"2026-11-23T09:00:00", "", badTime},
		{"2026-11-23T9:00:00Z", "", badTime},
		{"2026-11-23T09:00:00,5Z", "", badTime},
		{"2026-02-30T09:00:00Z", "", badTime},
		{"1790000000", "", badTime},
	}
	for _, tt := range tests {
		if got, ws := stamp(tt.in); got != tt.want || ws != tt.warnings {
			t.Errorf("%q: got %q, %b; want %q, %b", tt.in, got, ws, tt.want, tt.warnings)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		most int
		want string
	}{
		{"", 3, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc"},
		{"äöü", 3, "äöü"},
		{"äöüß", 3, "äöü"},
		{"😀😀😀😀", 3, "😀😀😀"},
		{"abc", 0, ""},
	}
	for _, tt := range tests {
		if got := cut(tt.in, tt.most); got != tt.want {
			t.Errorf("%q cut at %d: got %q, want %q", tt.in, tt.most, got, tt.want)
		}
	}
}

func TestIsRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		action string
		want   bool
	}{
		{"read", true},
		{"READ", true},
		{"Retrieve an image", true},
		{"Reads a thing", true},
		{"get user's target store sync status", true},
		{"Read or list forms", true},
		{"Read a credential type or issue credential to a user", false},
		{"Read a list or", true},
		{"Creates a flow", false},
		{"flow execution permission", false},
		{"reset", false},
		{"", false},
	}
	for _, tt := range tests {
		if got := isRead(tt.action); got != tt.want {
			t.Errorf("%q: got %t, want %t", tt.action, got, tt.want)
		}
	}
}

func TestIsAboutRights(t *testing.T) {
	t.Parallel()
	tests := []struct {
		resource string
		want     bool
	}{
		{"roles", true},
		{"role", true},
		{"userRoleAssignments", true},
		{"groupRoleAssignments", true},
		{"applicationRoleAssignments", true},
		{"gatewayRoleAssignments", true},
		{"password", true},
		{"userPassword", true},
		{"secret", true},
		{"secrets", true},
		{"passwordPolicy", false},
		{"user", false},
		{"groupMembership", false},
		{"", false},
	}
	for _, tt := range tests {
		if got := isAboutRights(tt.resource); got != tt.want {
			t.Errorf("%q: got %t, want %t", tt.resource, got, tt.want)
		}
	}
}

// TestWarningTable holds the two lists of warnings together.
func TestWarningTable(t *testing.T) {
	t.Parallel()
	if got, want := unknownDeviceStatus, Warnings(1)<<(len(warningOf)-1); got != want {
		t.Errorf("the last warning is bit %b, want %b: a bit or a text is missing", got, want)
	}
	seen := map[Warning]bool{}
	for _, w := range warningOf {
		if w == "" || seen[w] {
			t.Errorf("warning %q is empty or there twice", w)
		}
		seen[w] = true
	}
}
