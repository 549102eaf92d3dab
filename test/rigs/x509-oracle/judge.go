package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	apiutil "github.com/cert-manager/cert-manager/pkg/api/util"
	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/cert-manager/cert-manager/pkg/util/pki"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// judgeQuestion is what cert-manager's CA issuer would see: the spec of a CertificateRequest and of the issuer.
type judgeQuestion struct {
	// Request is spec.request, byte for byte.
	Request         []byte           `json:"request"`
	IsCA            bool             `json:"isCA"`
	Usages          []cmapi.KeyUsage `json:"usages"`
	DurationSeconds int64            `json:"durationSeconds"`

	CRLDistributionPoints  []string `json:"crlDistributionPoints"`
	OCSPServers            []string `json:"ocspServers"`
	IssuingCertificateURLs []string `json:"issuingCertificateURLs"`

	// CACertificate and CAKey are PEM; a throw-away CA of this process signs unless they are given.
	CACertificate []byte `json:"caCertificate"`
	CAKey         []byte `json:"caKey"`
}

// verdict says how far the request came: Stage is "template", "sign" or "issued".
type verdict struct {
	Stage       string    `json:"stage"`
	Message     string    `json:"message"`
	Template    *template `json:"template,omitempty"`
	Certificate []byte    `json:"certificate,omitempty"`
}

// template holds the fields of cert-manager's template that a request decides.
type template struct {
	Subject        []byte   `json:"subject"`
	DNSNames       []string `json:"dnsNames"`
	IPAddresses    []string `json:"ipAddresses"`
	EmailAddresses []string `json:"emailAddresses"`
	URIs           []string `json:"uris"`
	IsCA           bool     `json:"isCA"`
	KeyUsage       []string `json:"keyUsage"`
	ExtKeyUsage    []string `json:"extKeyUsage"`
	// UnknownExtKeyUsage is dotted; cert-manager issues these without comparing them with spec.usages.
	UnknownExtKeyUsage []string `json:"unknownExtKeyUsage"`
}

type judge struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func newJudge() (*judge, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	self := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "x509-oracle throw-away CA"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(100, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, self, self, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &judge{certificate, key}, err
}

// judge does what pkg/controller/certificaterequests/ca does between reading the Secret and writing the status.
func (j *judge) judge(q *judgeQuestion) (*verdict, error) {
	caCertificates, caKey := []*x509.Certificate{j.certificate}, j.key
	if q.CACertificate != nil {
		var err error
		if caCertificates, err = pki.DecodeX509CertificateChainBytes(q.CACertificate); err != nil {
			return nil, fmt.Errorf("caCertificate: %w", err)
		}
		if caKey, err = pki.DecodePrivateKeyBytes(q.CAKey); err != nil {
			return nil, fmt.Errorf("caKey: %w", err)
		}
	}
	request := &cmapi.CertificateRequest{Spec: cmapi.CertificateRequestSpec{
		Request: q.Request,
		IsCA:    q.IsCA,
		Usages:  q.Usages,
	}}
	if q.DurationSeconds != 0 {
		request.Spec.Duration = &metav1.Duration{Duration: time.Duration(q.DurationSeconds) * time.Second}
	}
	certificate, err := pki.CertificateTemplateFromCertificateRequest(request)
	if err != nil {
		return &verdict{Stage: "template", Message: err.Error()}, nil
	}
	certificate.CRLDistributionPoints = q.CRLDistributionPoints
	certificate.OCSPServer = q.OCSPServers
	certificate.IssuingCertificateURL = q.IssuingCertificateURLs

	answer := &verdict{Template: describe(certificate)}
	// SignCSRTemplate wraps this and answers a PEM bundle.
	_, issued, err := pki.SignCertificate(certificate, caCertificates[0], certificate.PublicKey, caKey)
	if err == nil {
		_, err = pki.ParseSingleCertificateChain(append(caCertificates, issued))
	}
	if err != nil {
		answer.Stage, answer.Message = "sign", err.Error()
		return answer, nil
	}
	answer.Stage, answer.Certificate = "issued", issued.Raw
	return answer, nil
}

func describe(certificate *x509.Certificate) *template {
	t := &template{
		Subject:        certificate.RawSubject,
		DNSNames:       texts(certificate.DNSNames),
		IPAddresses:    texts(pki.IPAddressesToString(certificate.IPAddresses)),
		EmailAddresses: texts(certificate.EmailAddresses),
		URIs:           texts(pki.URLsToString(certificate.URIs)),
		IsCA:           certificate.IsCA,
		KeyUsage:       texts(apiutil.KeyUsageStrings(certificate.KeyUsage)),
		ExtKeyUsage:    texts(apiutil.ExtKeyUsageStrings(certificate.ExtKeyUsage)),

		UnknownExtKeyUsage: []string{},
	}
	for _, oid := range certificate.UnknownExtKeyUsage {
		t.UnknownExtKeyUsage = append(t.UnknownExtKeyUsage, oid.String())
	}
	return t
}

// texts never answers nil, which JSON would show as null.
func texts[Text ~string](values []Text) []string {
	out := make([]string, 0, len(values))
	for _, value := range values {
		out = append(out, string(value))
	}
	return out
}
