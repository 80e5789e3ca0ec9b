"""How far the final board moved away from the public one."""

from collections.abc import Sequence
from dataclasses import dataclass

from competition.board.standings import Standing


@dataclass(frozen=True)
class Move:
    """One team's ranks; ``gained`` is positive for a team that rose."""

    team: int | str
    public_rank: int
    private_rank: int

    @property
    def gained(self) -> int:
        """Places gained from the public to the final board."""
        return self.public_rank - self.private_rank


@dataclass(frozen=True)
class ShakeUp:
    """The report of a contest.

    Attributes
    ----------
    mean : float
        Mean of ``|public rank - private rank| / number of teams``; 0 without teams.
    top : float
        The same over the tenth of the teams (at least one) that ended on top.
    moves : tuple of Move
        In the order of the final board.
    """

    mean: float
    top: float
    moves: tuple[Move, ...]


def shake_up(public: Sequence[Standing], private: Sequence[Standing]) -> ShakeUp:
    """Compare the ranks of the teams that stand on both boards.

    Ranks are counted anew among those teams, so that one that is missing on a board moves nobody.
    """
    on_both = _ranked_teams(public).keys() & _ranked_teams(private).keys()
    before, after = (_ranked_teams(board, on_both) for board in (public, private))
    moves = tuple(Move(team, before[team], rank) for team, rank in after.items())
    return ShakeUp(_mean(moves, moves), _mean(moves[: -(-len(moves) // 10)], moves), moves)


def _ranked_teams(
    board: Sequence[Standing], among: set[int | str] | None = None
) -> dict[int | str, int]:
    teams = [line.team for line in board if line.rank is not None]
    kept = [team for team in teams if among is None or team in among]
    return {team: rank for rank, team in enumerate(kept, start=1)}


def _mean(some: Sequence[Move], moves: Sequence[Move]) -> float:
    if not some:
        return 0.0
    return sum(abs(move.gained) for move in some) / len(some) / len(moves)
