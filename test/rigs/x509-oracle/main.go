// Command x509-oracle answers questions about certificate requests and certificates with other people's code:
// cert-manager's own pki package, zlint and crypto/x509. One JSON object a line in, one a line out; answers carry
// the question's id and come in any order. It ends with its standard input.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"runtime"
	"sync"
)

// A DER or PEM of 95 000 bytes, cert-manager's limit for chains, fits in base64 with room to spare.
const longestLine = 1 << 20

// question is one line of standard input. Bytes are base64.
type question struct {
	ID     uint64          `json:"id"`
	Judge  *judgeQuestion  `json:"judge"`
	Lint   *lintQuestion   `json:"lint"`
	Verify *verifyQuestion `json:"verify"`
}

// answer is one line of standard output. Error says that the question itself was wrong.
type answer struct {
	ID     uint64 `json:"id"`
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	log.SetFlags(0)
	judge, err := newJudge()
	if err != nil {
		log.Fatal(err)
	}
	linter, err := newLinter()
	if err != nil {
		log.Fatal(err)
	}
	ask := func(q question) (any, error) {
		switch {
		case q.Judge != nil:
			return judge.judge(q.Judge)
		case q.Lint != nil:
			return linter.lint(q.Lint)
		case q.Verify != nil:
			return verify(q.Verify)
		}
		return nil, fmt.Errorf("question %d asks nothing", q.ID)
	}
	if err := serve(ask); err != nil {
		log.Fatal(err)
	}
}

// serve answers lines on every core until standard input ends.
func serve(ask func(question) (any, error)) error {
	questions := make(chan question, 64)
	answers := make(chan answer, 64)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for q := range questions {
				result, err := ask(q)
				if err != nil {
					answers <- answer{ID: q.ID, Error: err.Error()}
				} else {
					answers <- answer{ID: q.ID, Result: result}
				}
			}
		})
	}
	written := make(chan error)
	go func() { written <- write(answers) }()

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<16), longestLine)
	var failure error
	for lines.Scan() {
		var q question
		if failure = json.Unmarshal(lines.Bytes(), &q); failure != nil {
			break
		}
		questions <- q
	}
	if failure == nil {
		failure = lines.Err()
	}
	close(questions)
	workers.Wait()
	close(answers)
	if err := <-written; err != nil {
		return err
	}
	return failure
}

// write flushes whenever no answer waits, so that a single question is answered at once.
func write(answers <-chan answer) error {
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	encoder := json.NewEncoder(out)
	for a := range answers {
		if err := encoder.Encode(a); err != nil {
			return err
		}
		if len(answers) == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}
