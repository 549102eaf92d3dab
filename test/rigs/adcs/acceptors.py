"""Foreign acceptors of HTTP tokens: MIT Kerberos and gss-ntlmssp through GSS-API, and pyspnego's own NTLM.

Nothing of Countersign is in here. Each acceptor is one handshake: step() takes a token and gives one to send back.
"""

import hashlib

import gssapi
import gssapi.raw
import spnego
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from spnego._ntlm_raw.messages import Authenticate, AvId, NTClientChallengeV2
from spnego.channel_bindings import GssChannelBindings

KERBEROS = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")
SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
NTLMSSP = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
# GSS_C_CHANNEL_BOUND_FLAG, which python3-gssapi 1.8 has no name for.
CHANNEL_BOUND = 0x800


class Refused(Exception):
    """The acceptor refuses the token; the message is for the ledger."""


def end_point(certificate_pem):
    """The application data of tls-server-end-point (RFC 5929), computed by python-cryptography."""
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    algorithm = certificate.signature_hash_algorithm
    name = algorithm.name if algorithm is not None else "sha256"
    der = certificate.public_bytes(Encoding.DER)
    digest = hashlib.new("sha256" if name in ("md5", "sha1") else name, der).digest()
    return b"tls-server-end-point:" + digest


class Acceptor:
    """EPA as IIS has it: "none" looks at no binding, "allow" refuses a wrong one, "require" wants the right one."""

    done = False
    user = None
    mechanism = None
    # What the token said: True where a binding was proven, False where there was none.
    bound = False


class GssAcceptor(Acceptor):
    def __init__(self, mechanisms, epa, application_data):
        self._epa = epa
        bindings = None
        if epa != "none":
            bindings = gssapi.raw.ChannelBindings(application_data=application_data)
        credentials = gssapi.Credentials(usage="accept", mechs=mechanisms)
        self._context = gssapi.SecurityContext(usage="accept", creds=credentials, channel_bindings=bindings)

    def step(self, token):
        try:
            answer = self._context.step(token)
        except gssapi.exceptions.GSSError as error:
            raise Refused(f"{type(error).__name__}: {error}") from error
        if self._context.complete:
            self.done = True
            # gss-ntlmssp counts the null byte in.
            self.user = str(self._context.initiator_name).rstrip("\0")
            self.mechanism = "ntlm" if self._context.mech == NTLMSSP else "kerberos"
            self.bound = bool(int(self._context.actual_flags) & CHANNEL_BOUND)
            if self._epa == "require" and not self.bound:
                raise Refused("EPA is required, and the token has no channel binding")
        return answer


class PyspnegoAcceptor(Acceptor):
    """pyspnego wants a binding wherever it has one itself, so there is no "allow"."""

    mechanism = "ntlm"

    def __init__(self, epa, application_data):
        if epa == "allow":
            raise ValueError("pyspnego cannot do EPA Allow")
        self._epa = epa
        bindings = None if epa == "none" else GssChannelBindings(application_data=application_data)
        self._context = spnego.server(
            protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm, channel_bindings=bindings
        )

    def step(self, token):
        value = ntlm_attributes(token).get("channelBindings")
        self.bound = value is not None and value != bytes(16).hex()
        try:
            answer = self._context.step(token)
        except spnego.exceptions.SpnegoError as error:
            raise Refused(f"{type(error).__name__}: {error}") from error
        if self._context.complete:
            # It takes a binding of zeroes for a match, which says that the client has none.
            if self._epa == "require" and not self.bound:
                raise Refused("EPA is required, and the token has no channel binding")
            self.done = True
            self.user = self._context.client_principal
        return answer


def ntlm_attributes(token):
    """What an AUTHENTICATE_MESSAGE says beside its proof, for the ledger; read by pyspnego."""
    if token[:12] != b"NTLMSSP\0\x03\0\0\0":
        return {}
    message = Authenticate.unpack(token)
    response = message.nt_challenge_response
    if response is None or len(response) <= 24:
        return {"version": 1}
    pairs = NTClientChallengeV2.unpack(response[16:]).av_pairs
    found = {"version": 2, "mic": message.mic is not None and any(message.mic)}
    if AvId.channel_bindings in pairs:
        found["channelBindings"] = pairs[AvId.channel_bindings].hex()
    if AvId.target_name in pairs:
        found["targetName"] = pairs[AvId.target_name]
    return found
