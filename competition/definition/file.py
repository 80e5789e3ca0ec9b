"""``contest.toml`` and ``contest-public.toml``: reading and writing."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from competition.definition.contest import Contest, MetricChoice
from competition.definition.rules import DATES, contest_problems
from competition.definition.sections import SECTIONS, ContestFile, sentences
from competition.errors import InvalidContest
from competition.files import replaced_file

CONTEST_FILE = "contest.toml"
PUBLIC_CONTEST_FILE = "contest-public.toml"


def load_contest(path: str | Path, *, is_stored: bool = False) -> Contest:
    """Read a contest from its file or from the folder that holds it.

    Parameters
    ----------
    path
        ``contest.toml``, ``contest-public.toml``, or a folder holding one of them. Pages are
        read from the folder ``pages`` beside the file.
    is_stored
        A host took it in already, see `contest_problems`.

    Raises
    ------
    InvalidContest
        With every problem at once, each with its key path, such as ``limits.max_team_size``.
    """
    source = _contest_file(Path(path))
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidContest(f"not a UTF-8 text: {error}", str(source)) from None
    pages = _read_pages(source.parent / "pages")
    return parse_contest(text, pages=pages, source=str(source), is_stored=is_stored)


def parse_contest(
    text: str,
    *,
    pages: Mapping[str, str] | None = None,
    source: str | None = None,
    is_stored: bool = False,
) -> Contest:
    """Read a contest from the text of its file; `source` names it in messages.

    Of one that `is_stored` no younger rules are asked, see `contest_problems`.

    Raises
    ------
    InvalidContest
        With every problem at once, each with its key path.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidContest(f"not a TOML file: {error}", source) from None
    try:
        parsed = ContestFile.model_validate(content)
    except ValidationError as error:
        raise InvalidContest(sentences(error), source) from None
    contest = _contest_of(parsed, pages or {})
    problems = contest_problems(contest, is_stored=is_stored)
    if problems:
        raise InvalidContest(problems, source)
    return contest


def format_contest(contest: Contest) -> str:
    """Write `contest` as the text of ``contest.toml``; its pages are not in it."""
    return _text(_sections(contest))


def dump_contest(contest: Contest, path: str | Path) -> None:
    """Write `contest` as ``contest.toml`` and its pages into ``pages`` beside it."""
    target = Path(path)
    _write(target, format_contest(contest))
    for name, text in contest.pages.items():
        with replaced_file(target.parent / "pages" / f"{name}.md") as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")


def dump_public_contest(contest: Contest, path: str | Path) -> None:
    """Write what participants' tools need to know: names, columns, labels, metric.

    Of a host's own metric that is its name, the name of its file, and what it takes: no code.
    """
    sections = _sections(contest)
    public = {
        "contest": {key: sections["contest"][key] for key in ("slug", "title")},
        "data": {key: value for key, value in sections["data"].items() if key != "seed"},
        "metric": sections["metric"],
    }
    _write(Path(path), _text(public))


def _contest_file(path: Path) -> Path:
    if not path.is_dir():
        if path.is_file():
            return path
        raise InvalidContest(f"there is no file or folder {path}")
    for name in (CONTEST_FILE, PUBLIC_CONTEST_FILE):
        if (path / name).is_file():
            return path / name
    raise InvalidContest(f"the folder holds no {CONTEST_FILE}", str(path))


def _read_pages(folder: Path) -> dict[str, str]:
    return {page.stem: page.read_text(encoding="utf-8") for page in sorted(folder.glob("*.md"))}


def _contest_of(parsed: ContestFile, pages: Mapping[str, str]) -> Contest:
    values: dict[str, Any] = {
        **parsed.contest.model_dump(),
        **parsed.data.model_dump(),
        **parsed.dates.model_dump(),
        **parsed.limits.model_dump(),
        **parsed.board.model_dump(exclude={"decimals"}),
        "score_truncation_num_decimals": parsed.board.decimals,
    }
    for name in DATES:
        values[name] = values[name] and values[name].astimezone(UTC)
    values["title"] = values["title"] or values["slug"].replace("-", " ").capitalize()
    values["targets"], values["labels"] = tuple(values["targets"]), tuple(values["labels"])
    values["public_fraction"] = float(values["public_fraction"])
    metric = parsed.metric.model_dump() | {"beside": tuple(parsed.metric.beside)}
    return Contest(metric=MetricChoice(**metric), pages=dict(pages), **values)


def _sections(contest: Contest) -> dict[str, dict[str, Any]]:
    """Return the values of each section as they stand in the file; a default date is left out."""
    metric = {item.name: getattr(contest.metric, item.name) for item in fields(MetricChoice)}
    return {
        name: _given(metric if name == "metric" else _values(contest, model))
        for name, model in SECTIONS.items()
    }


def _values(contest: Contest, model: type[BaseModel]) -> dict[str, Any]:
    own_names = {"decimals": "score_truncation_num_decimals"}
    return {key: getattr(contest, own_names.get(key, key)) for key in model.model_fields}


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None and value != {}}


def _write(path: Path, text: str) -> None:
    with replaced_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _text(sections: Mapping[str, Mapping[str, Any]]) -> str:
    return "\n".join(
        f"[{name}]\n" + "".join(f"{_key(key)} = {_toml(value)}\n" for key, value in values.items())
        for name, values in sections.items()
        if values
    )


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value)
