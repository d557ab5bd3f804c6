// Package probe asks a tenant of the user's own what the public material about
// the two APIs leaves open. PingOne is only read. Authomize is written
// to in an app that was made for it, with made-up records.
package probe

import "fmt"

// A State says what a finding asks for.
type State string

// The states of a finding.
const (
	Fine State = "fine" // nothing is to be set
	Act  State = "act"  // something is to be set or granted
	Open State = "open" // there is no answer; the text says why
)

// A Finding is the answer to one question.
type Finding struct {
	Question string
	State    State
	Answer   string
	// Follows is the setting that follows, or what else there is to do.
	Follows string
}

func fine(question, answer, follows string) Finding {
	return Finding{Question: question, State: Fine, Answer: answer, Follows: follows}
}

func act(question, answer, follows string) Finding {
	return Finding{Question: question, State: Act, Answer: answer, Follows: follows}
}

func open(question, why, follows string) Finding {
	return Finding{Question: question, State: Open, Answer: why, Follows: follows}
}

// failed is a question whose request failed.
func failed(question string, err error) Finding {
	return open(question, fmt.Sprintf("a request failed: %v", err), "repeat the probe")
}
