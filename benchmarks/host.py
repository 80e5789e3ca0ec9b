"""A host under load: a class that submits at once, and a large download.

    python benchmarks/host.py                       # 100 participants, a bundle of 1 GB
    python benchmarks/host.py --participants 20 --megabytes 100

It runs `ripe up` on SQLite in a process of its own and prints, as JSON: the time from the first
call to the answer of each submission (p50, p95), the time to its score, whether every
acknowledged entry was scored, the speed of a download as a ratio to `python -m http.server`, and
the host's memory, resident and peak, before and after each. No two participants send the same
file, and ten of them fetch the bundle at once.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SLUG = "crowded"
SERVICE = "competitions.CompetitionApiService"
BLOCK = 1 << 20
READERS = 10


def main() -> None:
    """Run both parts and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=100)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--megabytes", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ripe-bench-") as folder:
        home = Path(folder) / "home"
        tokens = furnish(Path(folder), home, options)
        with served(home) as (url, memory_mb):
            figures: dict[str, Any] = {"at_start_mb": memory_mb()}
            figures |= submissions(url, tokens, sample(options.rows))
            figures["after_submissions_mb"] = memory_mb()
            figures |= downloads(url, tokens[0], Path(folder) / "contest" / "data" / "large.bin")
            figures["after_downloads_mb"] = memory_mb()
            figures["load"] = os.getloadavg()[0]
    print(json.dumps({"at": datetime.now(UTC).isoformat(), **vars(options), **figures}, indent=2))


def furnish(folder: Path, home: Path, options: argparse.Namespace) -> list[str]:
    """Make a home with a contest and so many participants; return their tokens."""
    from competition.definition import Contest, MetricChoice, dump_contest
    from competition.store import add_contest, add_user, create_token, open_store

    contest = folder / "contest"
    (contest / "data").mkdir(parents=True)
    definition = Contest(
        slug=SLUG,
        title="Crowded",
        metric=MetricChoice("accuracy"),
        targets=("ripe",),
        labels=(0, 1),
    )
    dump_contest(definition, contest / "contest.toml")
    (contest / "data" / "sample_submission.csv").write_text(sample(options.rows))
    rows = [f"{i},{i % 2},{'Private' if i % 3 else 'Public'}\n" for i in range(options.rows)]
    (contest / "solution.csv").write_text("id,ripe,Usage\n" + "".join(rows))
    with (contest / "data" / "large.bin").open("wb") as file:
        for _ in range(options.megabytes):
            file.write(os.urandom(BLOCK))
    now = datetime.now(UTC)
    with open_store(home) as store:
        add_contest(store, contest, now=now)
        names = [f"participant-{number}" for number in range(options.participants)]
        for name in names:
            add_user(store, name, now=now)
        return [create_token(store, name, now=now) for name in names]


def sample(rows: int) -> str:
    """Return a submission that is half right."""
    return "id,ripe\n" + "".join(f"{i},0\n" for i in range(rows))


@contextmanager
def served(home: Path) -> Iterator[tuple[str, Callable[[], dict[str, int]]]]:
    """Run `ripe up`; yield its address and a function that tells its memory in MB."""
    command = [sys.executable, "-P", "-m", "ripe", "--home", str(home), "up"]
    options = ["--port", "0", "--no-mlflow", "--scoring-slots", "2"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = next(m[1] for line in process.stdout if (m := re.search(r"contests\s+(\S+)", line)))
        try:
            yield url, lambda: memory_of(process.pid)
        finally:
            process.terminate()


def memory_of(pid: int) -> dict[str, int]:
    """Return the resident memory of a process in MB, now and at its highest."""
    status = Path(f"/proc/{pid}/status").read_text()
    lines = {"resident": "VmRSS", "peak": "VmHWM"}
    found = {name: re.search(rf"{line}:\s+(\d+) kB", status) for name, line in lines.items()}
    return {name: int(match[1]) // 1024 for name, match in found.items() if match}


def submissions(url: str, tokens: list[str], content: str) -> dict[str, Any]:
    """Let all participants submit at once, and wait for every score."""
    together = threading.Barrier(len(tokens))

    def take_part(number: int) -> tuple[float, float, int]:
        token, own = tokens[number], content.replace(f"\n{number},0\n", f"\n{number},1\n")
        together.wait()
        begun = time.perf_counter()
        ref = submit(url, token, own.encode())
        answered = time.perf_counter() - begun
        while call(url, token, "GetSubmission", ref=ref).get("status") != "COMPLETE":
            time.sleep(2)
        return answered, time.perf_counter() - begun, ref

    with ThreadPoolExecutor(len(tokens)) as threads:
        done = list(threads.map(take_part, range(len(tokens))))
    return {
        "submit_s": spread([answered for answered, _, _ in done]),
        "score_s": spread([scored for _, scored, _ in done]),
        "entries_scored": len({ref for _, _, ref in done}),
    }


def submit(url: str, token: str, content: bytes) -> int:
    """Send one file as the official client does; return the number of its entry."""
    begun = call(url, token, "StartSubmissionUpload", fileName="a.csv", contentLength=len(content))
    request = urllib.request.Request(begun["createUrl"], data=content, method="PUT")
    urllib.request.urlopen(request, timeout=120).close()
    return int(call(url, token, "CreateSubmission", blobFileTokens=begun["token"])["ref"])


def call(url: str, token: str, method: str, **fields: object) -> dict[str, Any]:
    """Make one call of Kaggle's."""
    request = urllib.request.Request(
        f"{url}/api/v1/{SERVICE}/{method}",
        data=json.dumps({"competitionName": SLUG, **fields}).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


def downloads(url: str, token: str, file: Path) -> dict[str, Any]:
    """Fetch the bundle from the host, and the same bytes from a plain file server."""
    begun = time.perf_counter()
    place = location(url, token, "DownloadDataFiles")
    made = time.perf_counter() - begun
    ours = min(fetched(place) for _ in range(3))
    with ThreadPoolExecutor(READERS) as threads:
        begun = time.perf_counter()
        list(threads.map(fetched, [place] * READERS))
        at_once = time.perf_counter() - begun
    with plain_server(file.parent) as address:
        theirs = min(fetched(f"{address}/{file.name}") for _ in range(3))
    return {
        "bundle_made_s": round(made, 1),
        "download_s": round(ours, 2),
        "ten_downloads_at_once_s": round(at_once, 2),
        "plain_server_s": round(theirs, 2),
        "download_to_plain": round(ours / theirs, 2),
    }


def location(url: str, token: str, method: str) -> str:
    """Return where a download is."""
    parts = urlsplit(url)
    link = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=600)
    headers = {"Authorization": f"Bearer {token}"}
    link.request(
        "POST", f"/api/v1/{SERVICE}/{method}", json.dumps({"competitionName": SLUG}), headers
    )
    found = link.getresponse().headers["Location"]
    link.close()
    return f"{url}{found}"


def fetched(address: str) -> float:
    """Fetch all bytes of an address and return the seconds it took."""
    begun = time.perf_counter()
    with urllib.request.urlopen(address, timeout=600) as answer:
        while answer.read(BLOCK):
            pass
    return time.perf_counter() - begun


@contextmanager
def plain_server(folder: Path) -> Iterator[str]:
    """Serve a folder with `python -m http.server`."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        found = re.search(r"port (\d+)", process.stdout.readline())
        assert found
        try:
            yield f"http://127.0.0.1:{found[1]}"
        finally:
            process.terminate()


def spread(seconds: list[float]) -> dict[str, float]:
    """Return the median and the 95th percentile."""
    cuts = statistics.quantiles(seconds, n=20) if len(seconds) > 1 else seconds * 19
    return {"p50": round(statistics.median(seconds), 3), "p95": round(cuts[-1], 3)}


if __name__ == "__main__":
    main()
