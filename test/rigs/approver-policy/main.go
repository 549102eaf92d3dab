// Command approver-policy answers which decision the real approver-policy takes: its own manager, predicates and
// evaluators run on policies and a request given as JSON. One JSON object a line in, one a line out, each under the
// question's id. It ends with its standard input.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
)

// A request of 95 000 bytes and some hundred policies fit with room to spare.
const longestLine = 1 << 22

// question is one line of standard input: decide on a request, or tell what the webhook says of a policy.
type question struct {
	ID       uint64          `json:"id"`
	Review   *reviewQuestion `json:"review"`
	Validate *policyQuestion `json:"validate"`
}

// answer is one line of standard output. Error says that the question itself was wrong.
type answer struct {
	ID     uint64 `json:"id"`
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	log.SetFlags(0)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<16), longestLine)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			log.Fatal(err)
		}
		a := answer{ID: q.ID}
		if result, err := ask(q); err != nil {
			a.Error = err.Error()
		} else {
			a.Result = result
		}
		if err := out.Encode(a); err != nil {
			log.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
