package mapping

import (
	"strings"
	"testing"
)

// is compares what a test of texts says of some.
func is(t *testing.T, test func(string) bool, want bool, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if test(text) != want {
			t.Errorf("%q: got %t, want %t", text, !want, want)
		}
	}
}

func TestValidEmail(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	long := "a@" + label + "." + label + "." + label + "." + strings.Repeat("b", 60) // 254 bytes
	is(t, validEmail, true,
		"sam@example.com", "sam.rivers+review@mail.example.co", "O'Neil_1@x-1.example", "a@b.xn--p1ai", "sam@example.c0m",
		strings.Repeat("a", 64)+"@example.com", "a@"+label+".com", long,
	)
	is(t, validEmail, false,
		long+"b", strings.Repeat("a", 65)+"@example.com", "a@"+label+"a.com",
		"", "@", "sam", "@example.com", "sam@", "sam@localhost", "sam@example@example.com",
		"sam@example.", "sam@.example", "sam@example..com", "sam@-example.com", "sam@example-.com", "sam@exam_ple.com",
		"sam@10.0.0.1", "sam@example.c0m.42", ".sam@example.com", "sam.@example.com", "s..am@example.com",
		"s am@example.com", "sam\n@example.com", "sam@example.com\n", "sam@example.com\x00",
		`"sam"@example.com`, "Sam <sam@example.com>", "sám@example.com", "sam@exämple.com",
	)
}

func TestStamp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in, want string
		warnings int
	}{
		{"", "", 0},
		{"  ", "", 0},
		{"2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z", 0},
		{" 2026-11-23T09:00:00.120Z ", "2026-11-23T09:00:00.120Z", 0},
		{"2026-11-23T09:00:00.5+02:00", "2026-11-23T07:00:00.5Z", 0},
		{"2026-11-23T09:00:00-00:00", "2026-11-23T09:00:00Z", 0},
		{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", 0},
		{"0001-01-01T00:00:00+01:00", "", 1},
		{"9999-12-31T23:59:59-01:00", "", 1},
		{"2026-11-23", "", 1},
		{"2026-11-23 09:00:00Z", "", 1},
		{"2026-11-23T09:00:00", "", 1},
		{"2026-11-23T9:00:00Z", "", 1},
		{"2026-11-23T09:00:00,5Z", "", 1},
		{"2026-02-30T09:00:00Z", "", 1},
		{"1790000000000", "2026-09-21T14:13:20Z", 0},
		{"1790000000", "", 1},
	}
	for _, tt := range tests {
		if got, ws := stamp(tt.in); got != tt.want || len(ws) != tt.warnings {
			t.Errorf("%q: got %q, %q; want %q, %d", tt.in, got, ws, tt.want, tt.warnings)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "abc": "abc", " abcd ": "abc", "äöü": "äöü", "äöüß": "äöü", "😀😀😀😀": "😀😀😀"} {
		if got := cut(in, 3); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestIsRead(t *testing.T) {
	t.Parallel()
	is(t, isRead, true,
		"read", "READ", "Retrieve an image", "Reads a thing", "get user's target store sync status", "Read or list forms", "Read a list or",
	)
	is(t, isRead, false,
		"Read a credential type or issue credential to a user", "Creates a flow", "flow execution permission", "reset", "",
	)
}

func TestIsAboutRights(t *testing.T) {
	t.Parallel()
	is(t, isAboutRights, true,
		"roles", "role", "userRoleAssignments", "groupRoleAssignments", "applicationRoleAssignments", "gatewayRoleAssignments",
		"password", "userPassword", "secret", "secrets",
	)
	is(t, isAboutRights, false, "passwordPolicy", "user", "groupMembership", "")
}
