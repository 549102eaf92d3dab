"""The client `certsrv` of PyPI, which others wrote: has a web enrolment issue, and prints what came of each step as JSON.

    python3 certsrv_client.py HOST:PORT CA CSR USER PASSWORD

The CSR is submitted for WebServer, for WebServerApproval and for a template that is not there.
"""

import json
import sys

import certsrv


def main(server, ca, csr_path, user, password):
    with open(csr_path, "rb") as file:
        csr = file.read()
    client = certsrv.Certsrv(server, user, password, auth_method="ntlm", cafile=ca)
    told = {
        "credentials": client.check_credentials(),
        "ca": client.get_ca_cert().decode(),
        "certificate": client.get_cert(csr, "WebServer").decode(),
    }
    try:
        client.get_cert(csr, "WebServerApproval")
    except certsrv.CertificatePendingException as error:
        told["pending"] = error.req_id
    try:
        client.get_cert(csr, "Nowhere")
    except certsrv.RequestDeniedException as error:
        told["denied"] = str(error)
    print(json.dumps(told))


main(*sys.argv[1:])
