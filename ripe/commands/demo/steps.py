"""The demo, step by step; every step uses the parts that the single commands use."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ripe.console import print_table, progress, say

if TYPE_CHECKING:
    from experiments.definition.sections import Experiment
    from experiments.study.result import Progress, StudyResult
    from ripe.console import Advance
    from ripe.serving import Served
    from submissions import Server

__all__ = ["SLUG", "Demo"]

SLUG = "avocado-ripeness"
EXPERIMENT = "avocado_ripeness"
STEPS = 7
INDENT = "    "
HOST_NAME = "grower"
"""The user who hosts the built-in contests."""


class Demo:
    """One run of the demo.

    Parameters
    ----------
    home : Path
        The home folder.
    served : Served
        The running host and MLflow UI.
    user : str
        Name of the participant.
    trials : int or None
        Trials of the search; None takes the experiment file's.
    remembers_host : bool
        Whether later commands of this home talk to this host unless told otherwise.
    """

    def __init__(
        self,
        home: Path,
        served: Served,
        user: str,
        trials: int | None,
        *,
        remembers_host: bool = True,
    ) -> None:
        self.home = home
        self.served = served
        self.store = served.store
        self.user = user
        self.trials = trials
        self.remembers_host = remembers_host
        self._steps = 0
        self._report: Path | None = None

    def play(self) -> None:
        """Play all steps in their order."""
        self.make_contests()
        self.enter_baselines()
        server = self.add_participant()
        self.download(server)
        result = self.search()
        self.submit(result, server)
        self.show_board(server)

    def make_contests(self) -> None:
        """Grow the harvests and make the contests of them, once per home."""
        from competition.contests import BUILT_IN

        with self._step(
            "Harvest",
            "A simulator grows avocados and measures each on several days. Some become the "
            "training table, the others the test: their ripeness only the host knows.",
            total=len(BUILT_IN),
        ) as advance:
            for slug in BUILT_IN:
                self._make_contest(slug)
                advance()
        for slug in BUILT_IN:
            say(f"{INDENT}{slug}: {self.served.url}/competitions/{slug}")

    def _make_contest(self, slug: str) -> None:
        from competition.contests import BUILT_IN
        from competition.errors import UnknownContest
        from competition.store import UserExists, add_contest, add_user, get_contest

        with suppress(UnknownContest):
            get_contest(self.store, slug)
            return
        folder = self.home / "contests" / slug
        if not folder.exists():
            BUILT_IN[slug](folder)
        with suppress(UserExists):
            add_user(self.store, HOST_NAME, now=_now())
        add_contest(self.store, folder, host=HOST_NAME, now=_now())

    def enter_baselines(self) -> None:
        """Put the contest's baselines on the board, once per home."""
        from competition.contests import baselines
        from competition.store import list_contest_entries
        from competition.tables import read_table

        with self._step(
            "Baselines",
            "Three simple answers show what is easy: always the commonest stage, a rule on "
            "firmness alone, and a logistic regression on all sensors.",
            total=3,
        ) as advance:
            if any(entry.baseline for entry in list_contest_entries(self.store, SLUG)):
                advance(3)
                return
            train, test, sample = (
                read_table(self._data_file(name))
                for name in ("train.csv", "test.csv", "sample_submission.csv")
            )
            for name, frame in baselines(SLUG, train, test, sample).items():
                self._enter_baseline(name, frame)
                advance()

    def _data_file(self, name: str) -> Path:
        from competition.store import contest_file

        return contest_file(self.store, SLUG, name).path

    def _enter_baseline(self, name: str, frame: Any) -> None:
        from competition.store import submit_entry

        digest = self.store.files.put(BytesIO(frame.to_csv(index=False).encode()))
        submit_entry(
            self.store,
            SLUG,
            HOST_NAME,
            upload=digest,
            file_name="baseline.csv",
            description=name,
            now=_now(),
            baseline=True,
        )

    def add_participant(self) -> Server:
        """Add the participant and a token, which the client remembers."""
        from competition.store import UserExists, add_user, create_token
        from submissions import resolve_server, save_server

        with self._step(
            "Participant",
            "Somebody takes part: a user, a team of one, and a token that proves who they are. "
            "The host keeps only its fingerprint.",
        ):
            with suppress(UserExists):
                add_user(self.store, self.user, now=_now())
            token = create_token(self.store, self.user, label="demo", now=_now())
            save_server(self.home, self.served.url, token, is_default=self.remembers_host)
        say(f"{INDENT}{self.user}")
        return resolve_server(self.home, self.served.url)

    def download(self, server: Server) -> None:
        """Bring the contest's data to the participant, over HTTP."""
        from submissions import download_contest

        with self._step(
            "Download",
            "The participant fetches the tables with the official kaggle client, from this "
            "machine instead of from Kaggle.",
        ):
            folder = self.home / "data" / SLUG
            bundle = download_contest(server, SLUG, folder, now=_now())
        say(f"{INDENT}{', '.join(sorted(bundle.digests))}")

    def search(self) -> StudyResult:
        """Run the experiment: every trial a tracked run."""
        from experiments import run_experiment
        from ripe.commands.run import stoppable

        experiment = self._experiment()
        with (
            self._step(
                "Search",
                f"{experiment.search.trials} networks, written from scratch, learn by "
                "backpropagation; each trial has other layers and another learning rate, and "
                "five folds check it on "
                f"fruits it has not seen. Training seed {experiment.seed}.",
                total=experiment.search.trials,
            ) as advance,
            stoppable() as wished,
        ):
            result = run_experiment(
                experiment,
                self.home,
                on_progress=_following(advance),
                should_stop=wished.is_set,
            )
        _tell_result(result)
        page = result.folder / "report" / "index.html"
        self._report = page.resolve() if page.is_file() else None
        return result

    def _experiment(self) -> Experiment:
        """Return the shipped experiment; each further demo takes the next training seed."""
        from competition.store import list_entries
        from experiments.definition.loading import load_experiment

        seed = 1 + len(list_entries(self.store, SLUG, self.user))
        trials = [] if self.trials is None else [f"search.trials={self.trials}"]
        return load_experiment(EXPERIMENT, [f"seed={seed}", *trials])

    def submit(self, result: StudyResult, server: Server) -> None:
        """Export the chosen model's predictions, send them, wait for the score."""
        from experiments.ledger.sending import export_run, follow_entry, submit_run

        file = self.home / "submissions" / f"{result.run_id}.csv"
        with self._step(
            "Submission",
            "The predictions for the test fruits become a CSV file, go to the host over HTTP "
            "with the official kaggle client, and are scored there.",
            total=3,
        ) as advance:
            export_run(self.home, str(result.run_id), file)
            advance()
            sent = submit_run(self.home, str(result.run_id), SLUG, "ripe demo", server)
            advance()
            entry = follow_entry(self.home, sent.ref, SLUG, server)
            advance()
        say(f"{INDENT}{file}")
        say(f"{INDENT}entry {sent.ref}: public score {entry.public_text or 'not shown'}")

    def show_board(self, server: Server) -> None:
        """Show the leaderboard with the participant's row marked."""
        from submissions import fetch_leaderboard, figures

        rows = fetch_leaderboard(server, SLUG)
        scores = figures([row["score"] for row in rows])
        self._tell("Leaderboard", "Who tells ripeness best? 1 is perfect, 0 is chance.")
        mine = frozenset(i for i, row in enumerate(rows) if self.user in row["members"])
        print_table(
            (">#", "team", ">score", ">entries"),
            [
                (row["rank"] or "-", row["team"], score, row["entries"])
                for row, score in zip(rows, scores, strict=True)
            ],
            marked=mine,
        )

    def print_addresses(self) -> None:
        """Print where a person may look now."""
        from pipelines.tracking.server import ui_address

        say(f"  leaderboard   {self.served.url}/competitions/{SLUG}/leaderboard?team={self.user}")
        if self.served.mlflow_url and self.served.wait_for_mlflow(60):
            say(f"  MLflow        {ui_address(self.served.mlflow_url, SLUG)}")
        if self._report is not None:
            say(f"  report        {self._report.as_uri()}")

    def _tell(self, title: str, explanation: str) -> None:
        self._steps += 1
        say(f"\n{self._steps}/{STEPS} {title}")
        say(textwrap.fill(explanation, width=92, initial_indent=INDENT, subsequent_indent=INDENT))

    @contextmanager
    def _step(self, title: str, explanation: str, total: int | None = None) -> Iterator[Advance]:
        self._tell(title, explanation)
        began = time.monotonic()
        with progress(total, title.lower()) as advance:
            yield advance
        say(f"{INDENT}[{time.monotonic() - began:.1f} s]")


def _now() -> datetime:
    return datetime.now(UTC)


def _following(advance: Advance) -> Any:
    shown = 0

    def follow(report: Progress) -> None:
        nonlocal shown
        best = "" if report.best is None else f", best so far {report.best:.4f}"
        advance(report.done - shown, f"{report.stage}{best}")
        shown = report.done

    return follow


def _tell_result(result: StudyResult) -> None:
    low, high = result.interval
    say(
        f"{INDENT}cross-validated {result.metric.replace('_', ' ')} {result.score:.4f} "
        f"(95 % interval {low:.4f} to {high:.4f}), run {str(result.run_id)[:8]}"
    )
