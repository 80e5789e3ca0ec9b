"""A host behind https: the official clients trust it by its certificate or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from competition.host import create_app, open_port, read_certificate, running_app
from competition.host.serving import UnusableCertificate

RIPE = str(Path(sys.executable).with_name("ripe"))
DECOYS = {
    "KAGGLE_API_TOKEN": "decoy-from-the-environment",
    "KAGGLE_USERNAME": "real",
    "KAGGLE_KEY": "decoy-key",
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority (ca.pem), and a certificate of its for this machine (cert.pem, key.pem)."""
    folder = tmp_path_factory.mktemp("authority")
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _name("Orchard authority")
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificates = {
        "ca.pem": _unsigned(root, root, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root_key, hashes.SHA256()),
        "cert.pem": _unsigned(_name("orchard"), root, key)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(root_key, hashes.SHA256()),
    }
    for name, certificate in certificates.items():
        (folder / name).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    for name, own, secrecy in (
        ("ca.key", root_key, serialization.NoEncryption()),
        ("key.pem", key, serialization.NoEncryption()),
        ("locked.pem", key, serialization.BestAvailableEncryption(b"x")),
    ):
        kind = serialization.PrivateFormat.PKCS8
        (folder / name).write_bytes(own.private_bytes(serialization.Encoding.PEM, kind, secrecy))
    return folder


def _name(words: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, words)])


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
    )


@pytest.fixture
def secure_url(house: Any, authority: Path) -> Iterator[str]:
    """The house, served with the authority's certificate too."""
    app = create_app(house.store, clock=house.clock)
    certificate = read_certificate(authority / "cert.pem", authority / "key.pem")

    async def recorded(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            house.requests.append(scope)
        await app(scope, receive, send)

    with (
        open_port("127.0.0.1", 0) as listening,
        running_app(recorded, listening, certificate=certificate),
    ):
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def ripe(secure_url: str, house: Any, user_home: Path, work: Path) -> Any:
    """The ripe command on a machine with real credentials of Kaggle's lying about."""

    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        base = {
            **DECOYS,
            "PATH": os.environ["PATH"],
            "HOME": str(user_home),
            "RIPE_SERVER": secure_url,
            "RIPE_TOKEN": house.tokens["ada"],
        }
        return subprocess.run(
            [RIPE, "--home", str(work / "home"), *arguments],
            env={**base, **env},
            cwd=work,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_official_command_works_over_https_with_the_authority_named(
    ripe: Any, house: Any, authority: Path, work: Path, submission: Any, name: str
) -> None:
    trust = {name: str(authority / "ca.pem")}
    (work / "mine.csv").write_text(submission(0))
    for arguments in (
        ("list",),
        ("download", house.slug, "-f", "test.csv"),
        ("submit", house.slug, "-f", "mine.csv", "-m", "over https"),
    ):
        done = ripe("kaggle", "competitions", *arguments, **trust)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (work / "test.csv").read_text().startswith("id,hardness")
    house.score_all()
    assert "COMPLETE" in ripe("kaggle", "competitions", "submissions", house.slug, **trust).stdout


def test_ripe_submits_and_downloads_over_https(
    ripe: Any, house: Any, authority: Path, work: Path, submission: Any, scoring: None
) -> None:
    trust = {"REQUESTS_CA_BUNDLE": str(authority / "ca.pem")}
    (work / "mine.csv").write_text(submission(0))
    done = ripe("download", house.slug, **trust)
    assert done.returncode == 0, done.stderr
    assert (work / "home" / "data" / house.slug / "train.csv").is_file()
    done = ripe("submit", "mine.csv", "-c", house.slug, "--wait", "--json", **trust)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["public_score"] == 1.0


@pytest.mark.parametrize(
    "arguments",
    [
        ("kaggle", "competitions", "list"),
        ("download", "pit-or-flesh"),
        ("submit", "mine.csv", "-c", "pit-or-flesh"),
        ("leaderboard", "pit-or-flesh"),
    ],
)
def test_a_certificate_of_nobody_known_is_refused_in_one_sentence(
    ripe: Any, house: Any, work: Path, submission: Any, arguments: tuple[str, ...]
) -> None:
    (work / "mine.csv").write_text(submission(0))
    done = ripe(*arguments)
    assert done.returncode == 1
    assert "the certificate of the host at https://127.0.0.1:" in done.stderr
    assert "REQUESTS_CA_BUNDLE" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not house.requests


def test_a_host_that_speaks_http_alone_is_told_from_one_that_is_down(ripe: Any, house: Any) -> None:
    address = house.url.replace("http://", "https://")
    for arguments in (("kaggle", "competitions", "list"), ("leaderboard", house.slug)):
        done = ripe(*arguments, RIPE_SERVER=address)
        assert done.returncode == 1
        assert f"what answers at {address} does not speak https" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_a_host_that_speaks_https_alone_is_told_from_one_that_is_down(
    ripe: Any, house: Any, secure_url: str
) -> None:
    address = secure_url.replace("https://", "http://")
    for arguments in (("kaggle", "competitions", "list"), ("leaderboard", house.slug)):
        done = ripe(*arguments, RIPE_SERVER=address)
        assert done.returncode == 1
        assert f"what answers at {address} ended the connection" in done.stderr
        assert "name it with https://" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_no_credential_of_kaggles_reaches_the_host(
    ripe: Any, house: Any, authority: Path, work: Path
) -> None:
    trust = {"REQUESTS_CA_BUNDLE": str(authority / "ca.pem")}
    assert ripe("kaggle", "competitions", "list", **trust).returncode == 0
    assert ripe("download", house.slug, **trust).returncode == 0
    sent = [value.lower() for scope in house.requests for _, value in scope["headers"]]
    assert f"Bearer {house.tokens['ada']}".lower().encode() in sent
    assert not any(b"decoy" in value or b"kgat" in value for value in sent)


def test_no_token_of_the_host_reaches_what_stands_for_kaggle(
    ripe: Any, house: Any, secure_url: str, authority: Path
) -> None:
    told = {"REQUESTS_CA_BUNDLE": str(authority / "ca.pem"), "RIPE_KAGGLE_URL": secure_url}
    ripe("download", "titanic", "--from", "kaggle", **told)
    ripe("download", "titanic", "--from", "kaggle", KAGGLE_API_TOKEN=house.tokens["ada"], **told)
    ripe("leaderboard", "titanic", "--from", "kaggle", **told)
    assert house.requests
    sent = [value for scope in house.requests for _, value in scope["headers"]]
    assert not any(house.tokens["ada"].encode() in value for value in sent)


def test_a_session_cookie_over_https_never_travels_in_the_open(
    secure_url: str, authority: Path
) -> None:
    import ssl

    trusted = ssl.create_default_context(cafile=str(authority / "ca.pem"))
    answer = httpx.get(f"{secure_url}/sign-in", verify=trusted, timeout=60)
    assert "; Secure" in answer.headers["set-cookie"]


def test_a_certificate_that_cannot_be_served_with_is_one_sentence(
    authority: Path, tmp_path: Path
) -> None:
    with pytest.raises(UnusableCertificate, match="its own private key"):
        read_certificate(authority / "cert.pem", authority / "ca.key")
    with pytest.raises(UnusableCertificate, match="cannot be used"):
        read_certificate(tmp_path / "nowhere.pem")
    with pytest.raises(UnusableCertificate, match="without a passphrase"):
        read_certificate(authority / "cert.pem", authority / "locked.pem")


def test_ripe_up_serves_https(
    authority: Path, tmp_path: Path, reading: Callable[[Any, str], str]
) -> None:
    import ssl

    both = tmp_path / "both.pem"
    both.write_text((authority / "cert.pem").read_text() + (authority / "key.pem").read_text())
    command = [RIPE, "--home", str(tmp_path / "home"), "up", "--port", "0", "--no-mlflow"]
    with subprocess.Popen(
        [*command, "--tls-cert", str(both)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            url = reading(process, r"contests\s+(https://\S+)")
            trusted = ssl.create_default_context(cafile=str(authority / "ca.pem"))
            assert httpx.get(f"{url}/healthz", verify=trusted, timeout=60).status_code == 200
        finally:
            process.terminate()
    assert (tmp_path / "home" / "served_at").read_text() == f"{url}\n"
    refused = subprocess.run(
        [*command, "--tls-cert", str(authority / "cert.pem")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert refused.returncode == 1
    assert refused.stderr.startswith("ripe: https needs a certificate and its own private key")
    assert len(refused.stderr.splitlines()) == 1


@pytest.fixture
def reading() -> Callable[[Any, str], str]:
    """Wait for a line of a process that fits, and return its first group."""
    import re

    def wait(process: Any, pattern: str) -> str:
        for line in process.stdout:
            if found := re.search(pattern, line):
                return str(found[1])
        raise AssertionError("it ended before it said so")

    return wait
