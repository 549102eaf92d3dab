"""Does with vcert, the vendor's Python client, what it is told to.

One JSON object a line in, one a line out, in the protocol of ../x509-oracle. It ends with its standard input.
"""

import json
import logging
import sys

import vcert
from vcert.common import RetireRequest

# The library logs to standard output, which here carries answers.
logging.getLogger("vcert").handlers = [logging.NullHandler()]

PLATFORMS = {"tpp": vcert.VenafiPlatform.TPP, "cloud": vcert.VenafiPlatform.VAAS}
CHAINS = {"last": vcert.CHAIN_OPTION_LAST, "first": vcert.CHAIN_OPTION_FIRST}
connections = {}
requests = {}


def connect(to, platform, url, ca, **credentials):
    connections[to] = vcert.venafi_connection(
        platform=PLATFORMS[platform], url=url, http_request_kwargs={"verify": ca, "timeout": 30}, **credentials
    )
    return {}


def tokens(info):
    return {"accessToken": info.access_token, "refreshToken": info.refresh_token, "expires": info.expires}


def get_credentials(connection):
    return tokens(connection.get_access_token())


def refresh(connection):
    return tokens(connection.refresh_access_token())


def revoke_credentials(connection):
    return {"status": connection.revoke_access_token()[0]}


def account(connection):
    return connection.auth()


def zone(connection, zone):
    found = connection.read_zone_conf(zone)
    key_types = [[kind.key_type, kind.option] for kind in found.policy.key_types]
    organization = {"value": found.organization.value, "locked": found.organization.locked}
    return {"organization": organization, "keyTypes": key_types, "cnRegexes": found.policy.SubjectCNRegexes}


def policy(connection, zone):
    return json.loads(json.dumps(connection.get_policy(zone), default=vars))


def request(connection, zone, name, csr=None, fields=(), key=None, **options):
    wanted = vcert.CertificateRequest(
        csr=csr,
        csr_origin=vcert.CSR_ORIGIN_PROVIDED if csr else vcert.CSR_ORIGIN_LOCAL,
        custom_fields=[vcert.CustomField(name, value) for name, value in fields],
        key_type=vcert.KeyType(*key) if key else None,
        **options,
    )
    connection.request_cert(wanted, zone)
    requests[name] = wanted
    return {"id": wanted.id, "guid": wanted.cert_guid}


def retrieve(connection, name, chain="last", timeout=20):
    wanted = requests[name]
    wanted.chain_option = CHAINS[chain]
    wanted.timeout = timeout
    found = connection.retrieve_cert(wanted)
    if isinstance(found, str):
        return {"words": found}
    return {"certificate": found.cert, "chain": found.chain, "key": found.key}


def renew(connection, name, identifier=None, thumbprint=None, reuse_key=False, csr=None):
    origin = vcert.CSR_ORIGIN_PROVIDED if csr else vcert.CSR_ORIGIN_LOCAL
    wanted = vcert.CertificateRequest(cert_id=identifier, thumbprint=thumbprint, csr=csr, csr_origin=origin)
    connection.renew_cert(wanted, reuse_key=reuse_key)
    requests[name] = wanted
    return {"id": wanted.id}


def revoke(connection, **what):
    return connection.revoke_cert(vcert.RevocationRequest(**what))


def retire(connection, **what):
    return {"done": connection.retire_cert(RetireRequest(**what)) is not None}


OPERATIONS = {
    operation.__name__: operation
    for operation in (
        get_credentials,
        refresh,
        revoke_credentials,
        account,
        zone,
        policy,
        request,
        retrieve,
        renew,
        revoke,
        retire,
    )
}


def answer(question):
    identifier, do, to = question.pop("id"), question.pop("do"), question.pop("to")
    try:
        if do == "connect":
            result = connect(to, **question)
        else:
            result = OPERATIONS[do](connections[to], **question)
        return {"id": identifier, "result": result}
    except Exception as error:  # What the library raises is what is asked for.
        return {"id": identifier, "error": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
