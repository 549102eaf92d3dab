package main

import (
	"crypto/x509"
	"fmt"
	"time"
)

type verifyQuestion struct {
	// Certificate, Intermediates and Roots are DER.
	Certificate   []byte   `json:"certificate"`
	Intermediates [][]byte `json:"intermediates"`
	Roots         [][]byte `json:"roots"`
	// Purposes are "any", "server auth" or "client auth"; one of them suffices. Empty means "any".
	Purposes []string `json:"purposes"`
	// Host is checked against the certificate unless empty.
	Host string `json:"host"`
	// UnixTime is when the chain must be valid.
	UnixTime int64 `json:"unixTime"`
}

type verifyReport struct {
	Valid   bool   `json:"valid"`
	Message string `json:"message"`
}

var purposes = map[string]x509.ExtKeyUsage{
	"any":         x509.ExtKeyUsageAny,
	"server auth": x509.ExtKeyUsageServerAuth,
	"client auth": x509.ExtKeyUsageClientAuth,
}

func verify(q *verifyQuestion) (*verifyReport, error) {
	options := x509.VerifyOptions{DNSName: q.Host, CurrentTime: time.Unix(q.UnixTime, 0)}
	for _, purpose := range q.Purposes {
		usage, known := purposes[purpose]
		if !known {
			return nil, fmt.Errorf("purposes: %q is none of any, server auth, client auth", purpose)
		}
		options.KeyUsages = append(options.KeyUsages, usage)
	}
	if len(options.KeyUsages) == 0 {
		options.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
	}
	certificate, err := x509.ParseCertificate(q.Certificate)
	if err != nil {
		return &verifyReport{Message: err.Error()}, nil
	}
	for _, pool := range []struct {
		pool **x509.CertPool
		ders [][]byte
	}{{&options.Intermediates, q.Intermediates}, {&options.Roots, q.Roots}} {
		*pool.pool = x509.NewCertPool()
		for _, der := range pool.ders {
			ca, err := x509.ParseCertificate(der)
			if err != nil {
				return &verifyReport{Message: err.Error()}, nil
			}
			(*pool.pool).AddCert(ca)
		}
	}
	if _, err := certificate.Verify(options); err != nil {
		return &verifyReport{Message: err.Error()}, nil
	}
	return &verifyReport{Valid: true}, nil
}
