"""Every verb of the official clients, tried in one house; the table of `docs/kaggle.md` is the result.

``RIPE_WRITE_DOCS=1 pytest tests/competition/host/test_conformance.py`` writes the table anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "kaggle.md"
BEGIN, END = "<!-- conformance: begin -->", "<!-- conformance: end -->"

# verb as in the table, arguments, who, what a good answer holds
PARTICIPANT = [
    ("competitions list", ["list"], "pit-or-flesh"),
    ("competitions files", ["files", "{slug}"], "train.csv"),
    ("competitions download", ["download", "{slug}"], ""),
    ("competitions download -f", ["download", "{slug}", "-f", "train.csv"], ""),
    ("competitions submit", ["submit", "{slug}", "-f", "mine.csv", "-m", "x"], "Successfully"),
    ("competitions submissions", ["submissions", "{slug}"], "mine.csv"),
    ("competitions leaderboard -s", ["leaderboard", "{slug}", "-s"], "1.00000"),
    ("competitions leaderboard -d", ["leaderboard", "{slug}", "-d"], ""),
    ("competitions submission-limits", ["submission-limits", "{slug}"], "Remaining today: 4"),
    ("competitions team-submissions", ["team-submissions", "{team}"], "1.00000"),
    ("competitions pages list -c", ["pages", "list", "-c", "{slug}"], "rules"),
    ("competitions hosts", ["hosts", "{slug}"], "grace"),
    ("competitions topics list", ["topics", "list", "{slug}"], ""),
    ("competitions topic-messages", ["topic-messages", "{slug}", "1"], ""),
    ("competitions submit -k (notebook)", ["submit", "{slug}", "-f", "a", "-k", "ada/x", "-v", "1", "-m", "x"], ""),
    ("competitions episodes", ["episodes", "1"], ""),
]  # fmt: skip
HOST = [
    ("competitions init", ["init", "."], "competition-metadata.json"),
    ("competitions create", ["create", "-p", "."], "/competitions/stone-or-seed"),
    ("competitions data update", ["data", "update", "stone-or-seed", "-p", "tables", "-m", "x"], ""),
    ("competitions solution create", ["solution", "create", "stone-or-seed", "-p", "solution.csv"], ""),
    ("competitions solution status", ["solution", "status", "stone-or-seed"], "Ready: true"),
    ("competitions settings get", ["settings", "get", "stone-or-seed"], "Stone or seed?"),
    ("competitions settings update", ["settings", "update", "stone-or-seed", "-f", "settings.json"], "Seed?"),
    ("competitions launch --at", ["launch", "stone-or-seed", "--at", "2030-01-01T00:00:00Z"], "scheduled"),
    ("competitions launch", ["launch", "stone-or-seed"], "launched"),
    ("competitions pages create", ["pages", "create", "-c", "stone-or-seed", "--page-name", "x", "-f", "mine.csv"], ""),
]  # fmt: skip
DATASETS = [
    ("datasets create", ["create", "-p", "set", "--public"], "being created"),
    ("datasets list -m", ["list", "-m"], "ada/little-set"),
    ("datasets files", ["files", "ada/little-set"], "a.csv"),
    ("datasets status", ["status", "ada/little-set"], "ready"),
    ("datasets metadata", ["metadata", "ada/little-set", "-p", "meta"], ""),
    ("datasets metadata --update", ["metadata", "ada/little-set", "-p", "set", "--update"], ""),
    ("datasets download --unzip", ["download", "ada/little-set", "--unzip", "-p", "got"], ""),
    ("datasets download -f", ["download", "ada/little-set", "-f", "a.csv", "-p", "one"], ""),
    ("datasets version", ["version", "-p", "set", "-m", "more"], ""),
    ("datasets delete", ["delete", "ada/little-set", "-y"], ""),
]
OTHERS = [
    ("quota", ["quota"], "No quota information"),
    ("config view", ["config", "view"], ""),
    ("kernels list", ["kernels", "list"], ""),
    ("models list", ["models", "list"], ""),
]
KAGGLEHUB = [
    ("whoami", "kagglehub.whoami()"),
    ("competition_download", "kagglehub.competition_download('pit-or-flesh')"),
    ("dataset_upload", "kagglehub.dataset_upload('ada/hub-set', 'set')"),
    ("dataset_upload, a second time", "kagglehub.dataset_upload('ada/hub-set', 'set')"),
    ("dataset_download", "kagglehub.dataset_download('ada/hub-set')"),
    ("model_upload", "kagglehub.model_upload('ada/net/other/small', 'set')"),
    ("model_download", "kagglehub.model_download('ada/net/other/small')"),
    ("notebook_output_download", "kagglehub.notebook_output_download('ada/x')"),
]
SDK = [
    ("submission (kaggle 2.2.5)", "get_submission", {"ref": "{ref}"}),
    ("submission-download (kaggle 2.2.5)", "download_submission", {"submission_id": "{ref}"}),
    ("host-add (kaggle 2.2.5)", "add_competition_host", {"competition_name": "{slug}", "user_name": "eve"}),
    ("pages create", "create_competition_page", {"competition_name": "{slug}", "page": {"name": "notes", "content": "a"}}),
    ("pages update", "update_competition_page", {"competition_name": "{slug}", "page_name": "notes", "page": {"content": "b"}}),
    ("pages delete", "delete_competition_page", {"competition_name": "{slug}", "page_name": "notes"}),
]  # fmt: skip

Row = tuple[str, str, str]


@pytest.mark.usefixtures("within_a_day")
def test_the_table_of_the_docs_is_what_the_clients_do(
    kaggle: Any,
    house: Any,
    work: Path,
    client_environment: dict[str, str],
    submission: Callable[[int], str],
) -> None:
    prepare_folder(house, work, submission)
    rows = tried(kaggle, PARTICIPANT[:5], house)
    house.score_all()
    rows += tried(kaggle, PARTICIPANT[5:], house)
    rows += tried(kaggle, HOST[:1], house, user="grace")
    fill_in_metadata(work)
    rows += tried(kaggle, HOST[1:], house, user="grace")
    rows += [verdict(kaggle("datasets", *args), name, wanted) for name, args, wanted in DATASETS]
    rows += [verdict(kaggle(*args), name, wanted) for name, args, wanted in OTHERS]
    hub = in_child(client_environment, work, hub_script())
    sdk = in_child(
        {**client_environment, "KAGGLE_API_TOKEN": house.tokens["grace"]}, work, sdk_script(house)
    )
    made = table(rows, hub, sdk)
    if os.environ.get("RIPE_WRITE_DOCS"):
        write(made)
    assert made == written(), "run the tests with RIPE_WRITE_DOCS=1 and look at what changed"


def prepare_folder(house: Any, work: Path, submission: Callable[[int], str]) -> None:
    (work / "mine.csv").write_text(submission(0))
    contest = house.store.home.parent / "contest"
    (work / "tables").mkdir()
    for name in ("train.csv", "test.csv"):
        (work / "tables" / name).write_bytes((contest / "data" / name).read_bytes())
    (work / "solution.csv").write_bytes((contest / "solution.csv").read_bytes())
    (work / "settings.json").write_text(
        json.dumps({"title": "Seed?", "deadline": "2031-01-31T23:59:00Z"})
    )
    (work / "set").mkdir()
    (work / "set" / "a.csv").write_text("id\n1\n")
    metadata = {"title": "A little set", "id": "ada/little-set", "licenses": [{"name": "CC0-1.0"}]}
    (work / "set" / "dataset-metadata.json").write_text(json.dumps(metadata))


def fill_in_metadata(work: Path) -> None:
    file = work / "competition-metadata.json"
    metadata = json.loads(file.read_text())
    metadata |= {"title": "Stone or seed?", "slug": "stone-or-seed", "briefDescription": "Which?"}
    file.write_text(json.dumps(metadata))


def tried(kaggle: Any, verbs: list[Any], house: Any, user: str = "ada") -> list[Row]:
    from competition.store import find_team

    team = find_team(house.store, house.slug, "ada")
    known = {"slug": house.slug, "team": team.id if team else 0}
    return [
        verdict(
            kaggle("competitions", *(word.format(**known) for word in args), user=user),
            name,
            wanted,
        )
        for name, args, wanted in verbs
    ]


def verdict(done: Any, name: str, wanted: str) -> Row:
    if done.status == 0 and wanted in done.said:
        return name, "works", ""
    if "not supported by this server" in done.said:
        return name, "refused", "not supported by this server"
    if "unexpected keyword argument" in done.said or "invalid choice" in done.said:
        return name, "client's bug", "the command ends before it sends anything"
    return name, "fails", done.said.strip().splitlines()[-1][:100] if done.said.strip() else ""


def in_child(environment: dict[str, str], work: Path, script: str) -> list[Row]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env={**environment, "KAGGLEHUB_CACHE": str(work / "cache")},
        cwd=work, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [tuple(row) for row in json.loads(done.stdout.rsplit("ROWS ", 1)[1])]


def hub_script() -> str:
    tries = "\n".join(f"attempt({name!r}, lambda: {call})" for name, call in KAGGLEHUB)
    return SHARED.format(imports="import kagglehub", tries=tries)


def sdk_script(house: Any) -> str:
    ref = house.call("ListSubmissions", {"competitionName": house.slug}).json()["submissions"][0][
        "ref"
    ]
    lines = []
    for name, method, fields in SDK:
        filled = json.loads(
            json.dumps(fields).replace('"{ref}"', str(ref)).replace("{slug}", house.slug)
        )
        lines.append(f"attempt({name!r}, lambda: call({method!r}, {filled!r}))")
    return SHARED.format(imports=SDK_IMPORTS, tries="\n".join(lines))


SHARED = textwrap.dedent(
    """
    import json
    {imports}
    rows = []
    def attempt(name, what):
        try:
            what()
            rows.append((name, "works", ""))
        except Exception as error:
            refused = "not supported by this server" in str(error)
            why = "not supported by this server" if refused else str(error).splitlines()[0][:100]
            rows.append((name, "refused" if refused else "fails", why))
    {tries}
    print("ROWS " + json.dumps(rows))
    """
)
SDK_IMPORTS = textwrap.dedent(
    """
    from kagglesdk import KaggleClient
    from kagglesdk.competitions.types import competition_api_service as types
    client = KaggleClient().competitions.competition_api_client
    def call(method, fields):
        words = "".join(word.capitalize() for word in method.split("_"))
        request = getattr(types, f"Api{words}Request")()
        for name, value in fields.items():
            if name == "page":
                page = types.ApiCompetitionPage()
                for part, text in value.items():
                    setattr(page, part, text)
                value = page
            setattr(request, name, value)
        answer = getattr(client, method)(request)
        if hasattr(answer, "raise_for_status"):
            answer.raise_for_status()
    """
)


def table(rows: list[Row], hub: list[Row], sdk: list[Row]) -> str:
    lines = ["| client | verb | here | why not |", "|---|---|---|---|"]
    for client, part in (
        (f"kaggle {version('kaggle')}", [(f"`kaggle {name}`", *rest) for name, *rest in rows]),
        (f"kagglehub {version('kagglehub')}", [(f"`{name}`", *rest) for name, *rest in hub]),
        (f"kagglesdk {version('kagglesdk')}", sdk),
    ):
        lines += [f"| {client} | {name} | {here} | {why} |" for name, here, why in part]
    return "\n".join(lines)


def written() -> str:
    return PAGE.read_text().split(BEGIN)[1].split(END)[0].strip()


def write(made: str) -> None:
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{rest.split(END)[1]}")
