"""A TLS server that authenticates as IIS does: HTTP/1.1, state bound to the connection, 401 with what it offers.

    python3 acceptors_front.py CONFIG.json

It prints {"port": N} when it listens, and appends one JSON object a line for each attempt to the ledger. Requests that
have passed go to the backend if there is one, with X-Remote-User; otherwise they are described.

Configuration: certificate and key (PEM files), bindingCertificate (another one than is served, as behind a proxy that
ends TLS), epa ("none", "allow", "require"), schemes (in the order of WWW-Authenticate), ntlm ("gss-ntlmssp" or
"pyspnego"), persistKerberos (whether a connection stays authenticated by Kerberos), passwords ({user: password}, for
Basic), backend (URL or null), ledger (file).
"""

import base64
import json
import ssl
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from acceptors import KERBEROS, NTLMSSP, SPNEGO, GssAcceptor, PyspnegoAcceptor, Refused, end_point, ntlm_attributes

# The words of IIS, since clients must not need them.
UNAUTHORIZED = b"<html><head><title>401 - Unauthorized: Access is denied due to invalid credentials.</title></head></html>"


class Front(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, config):
        super().__init__(("127.0.0.1", 0), Connection)
        self.config = config
        with open(config.get("bindingCertificate") or config["certificate"], "rb") as file:
            self.application_data = end_point(file.read())
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(config["certificate"], config["key"])
        self._lock = threading.Lock()
        self._connections = 0

    def get_request(self):
        socket, address = super().get_request()
        socket.settimeout(60)
        # The handshake is done by the connection's own thread, at its first read.
        return self.tls.wrap_socket(socket, server_side=True, do_handshake_on_connect=False), address

    def number(self):
        with self._lock:
            self._connections += 1
            return self._connections

    def note(self, entry):
        with self._lock, open(self.config["ledger"], "a", encoding="utf8") as ledger:
            ledger.write(json.dumps(entry) + "\n")

    def handle_error(self, request, client_address):
        """A connection that breaks is the client's affair."""


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-IIS/10.0"
    sys_version = ""

    def setup(self):
        super().setup()
        self.number = self.server.number()
        self.acceptor = None
        self.passed = None

    def log_message(self, *_):
        pass

    def handle_expect_100(self):
        return True

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length > 0 else b""
        scheme, _, credentials = (self.headers.get("Authorization") or "").partition(" ")
        if scheme:
            self.passed = None
            self.authenticate(scheme, credentials.strip(), body)
        elif self.passed:
            self.serve(body)
        else:
            self.acceptor = None
            self.unauthorized()
        if self.passed and self.passed["mechanism"] == "kerberos" and not self.server.config.get("persistKerberos"):
            self.passed = None

    do_POST = do_PUT = do_HEAD = do_GET

    def authenticate(self, scheme, credentials, body):
        offered = {name.lower() for name in self.server.config["schemes"]}
        entry = {"connection": self.number, "scheme": scheme, "method": self.command, "path": self.path, "bodyBytes": len(body)}
        try:
            if scheme.lower() not in offered:
                raise Refused("the scheme is not offered")
            token = base64.b64decode(credentials, validate=True)
            if scheme.lower() == "basic":
                answer = self.basic(token.decode("utf8"))
            else:
                entry.update(ntlm_attributes(token))
                if self.acceptor is None:
                    self.acceptor = self.new_acceptor(scheme.lower())
                answer = self.acceptor.step(token)
        except Exception as error:  # Whatever an acceptor says of hostile bytes is a refusal.
            self.acceptor = None
            self.server.note({**entry, "outcome": "refused", "why": str(error)})
            self.unauthorized()
            return
        if self.passed is None and not self.acceptor.done:
            self.server.note({**entry, "outcome": "continue"})
            self.unauthorized(f"{scheme} {base64.b64encode(answer or b'').decode()}")
            return
        if self.passed is None:
            self.passed = {"user": self.acceptor.user, "mechanism": self.acceptor.mechanism, "bound": self.acceptor.bound}
        self.acceptor = None
        self.server.note({**entry, "outcome": "accepted", **self.passed})
        self.serve(body, f"{scheme} {base64.b64encode(answer).decode()}" if answer else None)

    def new_acceptor(self, scheme):
        config, data = self.server.config, self.server.application_data
        if scheme == "ntlm":
            if config["ntlm"] == "pyspnego":
                return PyspnegoAcceptor(config["epa"], data)
            return GssAcceptor([NTLMSSP], config["epa"], data)
        return GssAcceptor([SPNEGO, KERBEROS, NTLMSSP] if config.get("ntlm") else [SPNEGO, KERBEROS], config["epa"], data)

    def basic(self, pair):
        user, _, password = pair.partition(":")
        if self.server.config.get("passwords", {}).get(user) != password:
            raise Refused("wrong name or password")
        self.passed = {"user": user, "mechanism": "basic", "bound": False}
        return None

    def unauthorized(self, *challenges):
        self.send_response(401)
        for challenge in challenges or self.server.config["schemes"]:
            self.send_header("WWW-Authenticate", 'Basic realm="certsrv"' if challenge == "Basic" else challenge)
        self.finish_with("text/html; charset=iso-8859-1", UNAUTHORIZED)

    def serve(self, body, challenge=None):
        backend = self.server.config.get("backend")
        if backend is None:
            self.send_response(200)
            status, kind = None, "application/json"
            answer = json.dumps({**self.passed, "connection": self.number, "method": self.command, "path": self.path, "body": body.decode("latin1")}).encode()
        else:
            status, kind, answer = self.forward(backend, body)
            self.send_response(status)
        if challenge is not None:
            self.send_header("WWW-Authenticate", challenge)
        self.finish_with(kind, answer)

    def forward(self, backend, body):
        headers = {"X-Remote-User": self.passed["user"], "X-Auth-Mechanism": self.passed["mechanism"]}
        for name in ("Content-Type", "User-Agent", "Accept"):
            if name in self.headers:
                headers[name] = self.headers[name]
        has_body = self.command in ("POST", "PUT")
        request = urllib.request.Request(backend + self.path, data=body if has_body else None, headers=headers, method=self.command)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)
        try:
            with opener.open(request, timeout=60) as response:
                return response.status, response.headers.get("Content-Type", "text/html"), response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Content-Type", "text/html"), error.read()

    def finish_with(self, kind, body):
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """What the backend answers goes to the client as it is."""

    def redirect_request(self, *_):
        return None


def main():
    with open(sys.argv[1], encoding="utf8") as file:
        front = Front(json.load(file))
    print(json.dumps({"port": front.server_address[1]}), flush=True)
    front.serve_forever()


main()
