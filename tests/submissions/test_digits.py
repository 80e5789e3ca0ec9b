"""The digits that a server gave its scores."""

from __future__ import annotations

import math

import pytest

from ripe.commands.submit import _tell_score
from submissions import figures
from submissions.sending import _entry


@pytest.mark.parametrize(
    ("scores", "written"),
    [
        ([0.5, 0.63636, None], ["0.50000", "0.63636", None]),
        ([123456.78901, 1.0], ["123456.78901", "1.00000"]),
        ([1e-05, -2.5], ["0.00001", "-2.50000"]),
        ([3.0, 40.0], ["3", "40"]),
        ([1e22], ["10000000000000000000000"]),
        ([math.inf, 0.25], ["inf", "0.25"]),
        ([None], [None]),
        ([], []),
    ],
)
def test_no_digit_is_lost_and_a_column_has_one_width(scores, written) -> None:
    assert figures(scores) == written


@pytest.mark.parametrize(
    ("private", "said"),
    [("0.76000", "1234567.89000, private score 0.76000."), (None, "1234567.89000.")],
)
def test_a_new_score_is_told_as_the_board_shows_it(capsys, private, said) -> None:
    listed = dict.fromkeys(("file_name", "description", "date", "message", "team"))
    scores = {"public_score": "1234567.89000", "private_score": private}
    _tell_score(_entry({**listed, **scores, "ref": "1", "status": "COMPLETE"}))
    assert capsys.readouterr().out.strip() == f"Public score {said}"
