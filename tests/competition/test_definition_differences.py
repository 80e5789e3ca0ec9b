"""Two states of a contest are compared field by field, pages line by line."""

from __future__ import annotations

from dataclasses import replace

from competition.definition import Contest, MetricChoice, contest_differences

ONE = Contest(
    "s",
    "S",
    MetricChoice("f_beta_macro", {"beta": 1}),
    ("y",),
    labels=("a", "b"),
    pages={"p": "x\ny\n"},
)


def test_the_same_contest_has_no_differences() -> None:
    assert contest_differences(ONE, replace(ONE)) == []


def test_settings_are_told_with_their_values() -> None:
    other = replace(ONE, title="A title", group_column="g", labels=("b", "a"), ladder=True)
    assert [str(difference) for difference in contest_differences(ONE, other)] == [
        "title: S -> 'A title'",
        "labels: a, b -> b, a",
        "group_column: none -> g",
        "ladder: False -> True",
    ]


def test_pages_are_told_line_by_line() -> None:
    other = replace(ONE, pages={"p": "x\nz\n", "q": "new\n"})
    first, second = contest_differences(ONE, other)
    assert str(first).splitlines() == ["pages.p:", "  @@ -1,2 +1,2 @@", "   x", "  -y", "  +z"]
    assert (second.key, second.before, second.after) == ("pages.q", None, "new\n")
