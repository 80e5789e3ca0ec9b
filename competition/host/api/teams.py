"""Teams: their names, their mergers and the entries by which they stand."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from competition.host.api.asking import ERRORS, Asker, Number, Question
from competition.host.api.told import EntryTold, told_entry
from competition.host.doors import require
from competition.host.failures import Failure
from competition.store import (
    Team,
    final_entries,
    find_team,
    merge_teams,
    rename_team,
    select_final,
)
from competition.visibility import Sight

__all__ = ["router"]


class TeamTold(BaseModel):
    """A team."""

    id: int
    name: str
    members: list[str]


class Selection(BaseModel):
    """The entries by which a team wants to stand; none leaves the choice to the public board."""

    model_config = ConfigDict(extra="forbid")
    refs: list[Number] = Field(max_length=100)


class TeamName(BaseModel):
    """A team's new name."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=100)


class Merger(BaseModel):
    """Two teams by their numbers: the one that stays, and the one it takes in."""

    model_config = ConfigDict(extra="forbid")
    into: Number
    other: Number


router = APIRouter(responses=ERRORS)


@router.get("/contests/{slug}/team")
def team(asker: Asker, slug: str) -> TeamTold:
    """Describe the asker's team."""
    return _team(_own_team(asker, slug))


@router.patch("/contests/{slug}/team")
def rename(asker: Asker, slug: str, wanted: TeamName) -> TeamTold:
    """Give the asker's team another name."""
    own = _own_team(asker, slug)
    if not wanted.name.isprintable() or not wanted.name.strip():
        raise Failure(400, "a team's name needs letters that can be shown")
    actor = asker.known.name
    return _team(rename_team(asker.store, own.id, wanted.name.strip(), actor=actor, now=asker.now))


@router.get("/contests/{slug}/selections")
def selections(asker: Asker, slug: str) -> list[EntryTold]:
    """List the entries by which the asker's team stands, chosen or by the automatic choice."""
    door, own = asker.door(slug), _own_team(asker, slug)
    found = final_entries(asker.store, slug, own.id)
    return [told_entry(shown) for one in found if (shown := door.entry(one))]


@router.put("/contests/{slug}/selections")
def select(asker: Asker, slug: str, wanted: Selection) -> list[EntryTold]:
    """Choose the entries by which the asker's team stands."""
    door = asker.door(slug)
    found = select_final(asker.store, slug, asker.known.name, wanted.refs, now=asker.now)
    return [told_entry(shown) for one in found if (shown := door.entry(one))]


@router.post("/contests/{slug}/mergers")
def merge(asker: Asker, slug: str, wanted: Merger) -> TeamTold:
    """Let one team take in another; for hosts, at the wish of both teams."""
    require(asker.door(slug), Sight.HOST_MESSAGES)
    actor = asker.known.name
    return _team(
        merge_teams(asker.store, slug, wanted.into, wanted.other, actor=actor, now=asker.now)
    )


def _own_team(asker: Question, slug: str) -> Team:
    asker.door(slug)
    found = find_team(asker.store, slug, asker.known.name)
    if found is None:
        raise Failure(404, f"you have no team in {slug} yet; your first entry makes one")
    return found


def _team(found: Team) -> TeamTold:
    return TeamTold(id=found.id, name=found.name, members=list(found.members))
