"""A reverse proxy of the tests' own: nginx on loopback, with TLS, in front of a server."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.browser import free_port
from tests.support.databases import make_certificate, missing, running

TOKEN = "t0p-Secret"  # noqa: S105 - of a proxy that lives as long as the tests
USER = "an"

_CONFIGURATION = """
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
daemon off;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
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
}}
"""


@contextmanager
def proxied(behind: int, folder: Path) -> Iterator[tuple[str, Path]]:
    """The address of a proxy before a port, and the certificate that vouches for it."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if not program:
        missing("nginx")
    certificate, port = make_certificate(folder), free_port()
    options = folder / "nginx.conf"
    basic = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
    options.write_text(
        _CONFIGURATION.format(folder=folder, port=port, behind=behind, token=TOKEN, basic=basic)
    )
    with running([str(program), "-p", str(folder), "-c", str(options)], port):
        yield f"https://localhost:{port}", certificate
