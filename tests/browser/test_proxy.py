"""The proxy of docs/deploy.md, tried with a real nginx: the text of the page is the configuration that runs here."""

from __future__ import annotations

import datetime
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser, Page, expect

from core.studies.study import Kind
from tests.browser.conftest import ARGUMENTS, CHROMIUM, DESK, REPOSITORY, free_port, running
from tests.browser.steps import READY_MS, bring, to_predict, wait_for_picture

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
HOST = "readroom.lab.example"
DEPLOY = REPOSITORY / "docs" / "deploy.md"

pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed (Debian: apt install nginx)")


@dataclass(frozen=True)
class Proxy:
    """A running nginx before a running app."""

    port: int

    def url(self, path: str) -> str:
        return f"https://{HOST}:{self.port}{path}"

    def status(self, path: str, *, host: str = HOST, method: str = "GET", size: int = 0) -> int:
        """What it answers to one request; 0 where it does not even shake hands under that name."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain,
                context.wrap_socket(plain, server_hostname=host) as connection,
            ):
                connection.sendall(head.encode())
                return int(connection.recv(64).split()[1])
        except ssl.SSLError:
            return 0


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "readroom.pem", folder / "readroom.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret


def _configuration(folder: Path, port: int, app_port: int) -> str:
    """The page's own text; other ports, another certificate, a bound that a test can pass."""
    (told,) = re.findall(r"```nginx\n(.*?)```", DEPLOY.read_text(), re.DOTALL)
    certificate, secret = _certificate(folder)
    for old, new in {
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/ssl/certs/readroom.pem": str(certificate),
        "/etc/ssl/private/readroom.key": str(secret),
        "127.0.0.1:8501": f"127.0.0.1:{app_port}",
        "client_max_body_size 1024m": "client_max_body_size 4m",
    }.items():
        assert old in told, f"docs/deploy.md no longer says {old!r}"
        told = told.replace(old, new)
    user = "user root;\n" if os.geteuid() == 0 else ""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in kinds)
    return f"{user}daemon off;\npid {folder / 'pid'};\nevents {{}}\nhttp {{\naccess_log off;\n{places}{told}}}\n"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, shelf_folder: Path) -> Iterator[Proxy]:
    """nginx with the page's configuration before an app that knows its public name."""
    folder = tmp_path_factory.mktemp("nginx")
    port, app_port = free_port(), free_port()
    (folder / "nginx.conf").write_text(_configuration(folder, port, app_port))
    names = f"{HOST} 127.0.0.1"  # the second for the test's own question whether the app is up
    with running(
        REPOSITORY / "streamlit_app.py", tmp_path_factory.mktemp("behind"), app_port, base="readroom",
        READROOM_SHELF=str(shelf_folder), STREAMLIT_SERVER_ALLOWED_HOSTS=names,
    ):  # fmt: skip
        command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        started = Proxy(port)
        try:
            _wait(started, process, folder)
            yield started
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait(started: Proxy, process: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(100):
        if process.poll() is not None:
            break
        try:
            if started.status("/readroom/_stcore/health") == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError((folder / "error.log").read_text()[-2000:])


@pytest.fixture
def lab_page(chromium: Browser, proxy: Proxy) -> Iterator[Page]:
    """A browser to which the lab's name means the proxy."""
    rules = f"--host-resolver-rules=MAP {HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, rules])
    yield browser.new_context(viewport=DESK, ignore_https_errors=True).new_page()
    browser.close()


def test_pages_uploads_and_pictures_work_behind_the_proxy(proxy: Proxy, lab_page: Page) -> None:
    """Websocket, upload, components and picture addresses, all below a path and through TLS."""
    lab_page.goto(proxy.url("/"))
    expect(lab_page.get_by_role("heading", name="Upload", level=1)).to_be_visible(timeout=2 * READY_MS)
    bring(lab_page, Kind.FILM, cases=1)
    to_predict(lab_page)
    wait_for_picture(lab_page, "case-01")

    cookies = {one["name"]: one for one in lab_page.context.cookies()}

    assert "/readroom/predict" in lab_page.url
    assert cookies["readroom_owner"]["secure"]
    assert cookies["readroom_owner"]["httpOnly"]


def test_a_server_for_others_is_read_only_without_sign_in(proxy: Proxy, lab_page: Page) -> None:
    """The proxy comes from loopback: that must not make its users this machine's."""
    lab_page.goto(proxy.url("/readroom/models"))

    expect(lab_page.get_by_text("has no sign-in: read only")).to_be_visible(timeout=2 * READY_MS)
    expect(lab_page.get_by_role("region", name="Models on the shelf")).to_be_visible(timeout=READY_MS)
    expect(lab_page.get_by_role("button", name="Pin")).to_have_count(0)


def test_statistics_other_names_and_too_much_are_refused_at_the_proxy(proxy: Proxy) -> None:
    """What the page promises of the configuration."""
    assert proxy.status("/readroom/_stcore/health") == 200
    assert proxy.status("/readroom/_stcore/metrics") == 404
    assert proxy.status("/readroom/_stcore/upload_file/a/b", method="PUT", size=5 * 2**20) == 413
    assert proxy.status("/readroom/_stcore/health", host="evil.example") == 0
