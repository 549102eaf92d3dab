"""Lints certificates with pkilint, as its commands lint_pkix_cert and lint_pkix_signer_signee_cert_chain do.

One JSON object a line in, one a line out, in the protocol of ../x509-oracle. It ends with its standard input.
"""

import base64
import json
import sys

from pkilint import loader
from pkilint.bin import lint_pkix_signer_signee_cert_chain as chain
from pkilint.pkix import certificate, extension, name

CERTIFICATE = certificate.create_pkix_certificate_validator_container(
    certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
    [
        certificate.create_issuer_validator_container([]),
        certificate.create_validity_validator_container(),
        certificate.create_subject_validator_container([]),
        certificate.create_extensions_validator_container([]),
        certificate.create_spki_validator_container([]),
    ],
)
DECODING = chain.create_decoder_validation_container()
ISSUER = chain.create_issuer_validation_container()
SUBJECT = chain.create_subject_validation_container()
LOADER = loader.RFC5280CertificateDocumentLoader()


def lint(question):
    der = base64.b64decode(question["certificate"])
    results = CERTIFICATE.validate(LOADER.load_der_document(der).root)
    if question.get("issuer"):
        documents = {}
        for role, encoded in (("issuer", base64.b64decode(question["issuer"])), ("subject", der)):
            documents[role] = LOADER.load_der_document(encoded, role, role, documents)
        for document in documents.values():
            results += DECODING.validate(document.root)
        results += ISSUER.validate(documents["issuer"].root)
        results += SUBJECT.validate(documents["subject"].root)
    findings = [
        {
            "code": description.finding.code,
            "severity": description.finding.severity.name.lower(),
            "details": f"{result.node.path}: {description.message or ''}",
        }
        for result in results
        for description in result.finding_descriptions
    ]
    return {"applied": len(results), "findings": findings}


def answer(question):
    try:
        return {"id": question["id"], "result": lint(question["lint"])}
    except ValueError as error:
        finding = {"code": "unparsable", "severity": "fatal", "details": str(error)}
        return {"id": question["id"], "result": {"applied": 1, "findings": [finding]}}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
