package main

import (
	"slices"
	"strings"

	"github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"
)

// The sources that bind every PKI. The CA/Browser Forum's and the root stores' rules bind public ones only.
var sources = lint.SourceList{
	lint.RFC3279, lint.RFC5280, lint.RFC5480, lint.RFC5891, lint.RFC6960, lint.RFC6962, lint.RFC8813, lint.Community,
}

type lintQuestion struct {
	// Certificate is DER.
	Certificate []byte `json:"certificate"`
}

type lintReport struct {
	// Applied is the number of lints that had something to say about this certificate, a pass included.
	Applied  int       `json:"applied"`
	Findings []finding `json:"findings"`
}

type finding struct {
	Code string `json:"code"`
	// Severity is "notice", "warning", "error" or "fatal".
	Severity string `json:"severity"`
	Details  string `json:"details"`
}

var severities = map[lint.LintStatus]string{
	lint.Notice: "notice", lint.Warn: "warning", lint.Error: "error", lint.Fatal: "fatal",
}

type linter struct{ registry lint.Registry }

func newLinter() (*linter, error) {
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{IncludeSources: sources})
	return &linter{registry}, err
}

func (l *linter) lint(q *lintQuestion) (*lintReport, error) {
	certificate, err := x509.ParseCertificate(q.Certificate)
	if err != nil {
		unparsable := finding{Code: "unparsable", Severity: "fatal", Details: err.Error()}
		return &lintReport{Applied: 1, Findings: []finding{unparsable}}, nil
	}
	report := &lintReport{Findings: []finding{}}
	for code, result := range zlint.LintCertificateEx(certificate, l.registry).Results {
		if result.Status < lint.Pass {
			continue
		}
		report.Applied++
		if result.Status > lint.Pass {
			report.Findings = append(report.Findings, finding{code, severities[result.Status], result.Details})
		}
	}
	slices.SortFunc(report.Findings, func(a, b finding) int { return strings.Compare(a.Code, b.Code) })
	return report, nil
}
