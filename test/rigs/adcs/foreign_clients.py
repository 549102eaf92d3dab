"""Foreign HTTP clients that bind to the channel: prints the status that one gets.

    python3 foreign_clients.py requests-ntlm|requests-gssapi URL CA [USER PASSWORD]
"""

import socket
import sys
from urllib.parse import urlsplit

import requests
import requests_gssapi
import requests_ntlm


def main(client, url, ca, user, password):
    # The rig's names are in no DNS.
    resolve, host = socket.getaddrinfo, urlsplit(url).hostname
    socket.getaddrinfo = lambda name, *rest, **more: resolve("127.0.0.1" if name == host else name, *rest, **more)
    if client == "requests-ntlm":
        auth = requests_ntlm.HttpNtlmAuth(user, password)
    else:
        auth = requests_gssapi.HTTPSPNEGOAuth(
            channel_bindings="tls-server-end-point", mutual_authentication=requests_gssapi.OPTIONAL
        )
    session = requests.Session()
    session.trust_env = False
    print(session.get(url, auth=auth, verify=ca, timeout=20).status_code)


main(*sys.argv[1:])
