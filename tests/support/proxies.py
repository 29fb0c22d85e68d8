"""A reverse proxy of the tests' own: nginx on loopback, with TLS, in front of a server."""

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.browser import free_port
from tests.support.databases import make_certificate, missing, running

TOKEN = "t0p-Secret"  # noqa: S105 - of a proxy that lives as long as the tests
USER = "an"

# Before another server, for whoever has the token or the password.
_SITE = """
client_max_body_size 100m;
map $http_authorization $allowed {{
    default 0;
    "Bearer {token}" 1;
    "Basic {basic}" 1;
}}
server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem;
    if ($allowed = 0) {{ return 401; }}
    location / {{ proxy_pass http://127.0.0.1:{behind}; }}
}}
"""


def nginx(folder: Path, site: str) -> list[str]:
    """The command that runs nginx with this site and keeps all that it writes in a folder."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin:/usr/local/sbin")
    if not program:
        missing("nginx")
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    options = folder / "nginx.conf"
    options.write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/log warn;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{site} }}\n"
    )
    return [str(program), "-e", str(folder / "log"), "-c", str(options)]


@contextmanager
def proxied(behind: int, folder: Path) -> Iterator[tuple[str, Path]]:
    """The address of a proxy before a port, and the certificate that vouches for it."""
    certificate, port = make_certificate(folder), free_port()
    basic = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
    site = _SITE.format(folder=folder, port=port, behind=behind, token=TOKEN, basic=basic)
    with running(nginx(folder, site), port):
        yield f"https://localhost:{port}", certificate
