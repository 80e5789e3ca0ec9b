"""Reports tell what is so, and the same in both forms."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt
from sklearn.metrics import confusion_matrix

from experiments.reporting import build_report, building, kept_report, wording
from experiments.reporting.material import read_material
from experiments.reporting.sections import compose

SECTIONS = [
    "Scores",
    "Folds",
    "Learning curves",
    "Confusion",
    "Calibration",
    "What columns are worth",
    "Errors worth looking at",
    "Search",
    "The network",
    "How it was made",
]
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Reader(HTMLParser):
    """Reads a page: its elements, its words, and whether all that opens closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.tags, self.words, self.links = [], [], [], []
        self.cells: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]
        assert not any(name.startswith("on") for name, _ in attributes)
        if tag in ("td", "th"):
            self.cells.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data


def read_page(study) -> Reader:
    return Reader(kept_report(study).page.read_text(encoding="utf-8"))


def test_a_finished_study_has_its_report(finished):
    result = finished[0]
    report = kept_report(result.folder)
    assert report.is_whole
    assert report.page.stat().st_size < 200_000
    told = report.facts
    chosen = next(one for one in told["models"] if one["name"] == result.chosen.name)
    assert chosen["score"]["value"] == pytest.approx(result.score)
    assert [one["name"] for one in told["models"] if one["is_baseline"]] == ["majority", "linear"]
    assert len(told["trials"]) == result.trials
    assert set(told["digests"]) == {"train.csv", "test.csv"}
    assert told["versions"]["version.numpy"] == np.__version__


def test_the_report_is_logged_with_the_studys_run(finished):
    from experiments.ledger.predictions import open_tracking

    result, home, _ = finished
    client = open_tracking(home)
    names = {one.path for one in client.list_artifacts(result.run_id, "report")}
    assert names == {"report/index.html", "report/report.md", "report/facts.json"}


def test_the_page_is_whole_without_scripts_or_anything_fetched(finished):
    page = read_page(finished[0].folder)
    assert page.tags.count("h2") == len(SECTIONS)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert all(link.startswith("#") for link in page.links)
    assert page.tags.count("svg") == page.tags.count("figure") >= 6
    assert page.tags.count("caption") == page.tags.count("table")
    text = kept_report(finished[0].folder).page.read_text(encoding="utf-8")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL).group(1)
    assert "url(" not in style and "@import" not in style
    assert "prefers-color-scheme: dark" in style and "@media print" in style


def test_every_picture_names_and_describes_itself(finished):
    text = kept_report(finished[0].folder).page.read_text(encoding="utf-8")
    for picture in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        drawn = ElementTree.fromstring(picture)
        assert drawn.get("role") == "img"
        assert drawn[0].tag.endswith("title") and drawn[0].text


@pytest.mark.parametrize("which", ["study", "hostile_study", "values_study"])
def test_both_forms_tell_the_same_tables(which, request):
    folder = request.getfixturevalue(which)
    page = read_page(folder)
    text = kept_report(folder).markdown.read_text(encoding="utf-8")
    shown = Reader(MarkdownIt("commonmark").enable("table").render(text))
    assert page.tags.count("table") == shown.tags.count("table")
    plain = [[cell.strip() for cell in one.cells] for one in (page, shown)]
    assert plain[0] == plain[1]


def test_hostile_names_and_values_stay_words(hostile_study):
    page = read_page(hostile_study)
    assert "script" not in page.tags
    text = kept_report(hostile_study).markdown.read_text(encoding="utf-8")
    shown = Reader(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    allowed = {"strong"}  # captions, and the row of the chosen model
    assert not {"script", "code", "a", "strong"} & set(shown.tags) - allowed
    assert shown.tags.count("h1") == 1
    assert shown.tags.count("h2") == page.tags.count("h2")
    assert "<script" not in text.lower()
    assert any('<script>alert("x")</script>' in words for words in page.words)


def test_a_confusion_matrix_counts_what_was_decided(finished):
    result = finished[0]
    table = pd.read_parquet(result.out_of_fold)
    material = read_material(result.folder)
    truth = material.lesson.target.values
    said = table[["no", "yes"]].to_numpy().argmax(axis=1)
    told = kept_report(result.folder).facts["confusion"]
    assert told["counts"] == confusion_matrix(truth, said).tolist()
    assert told["labels"] == ["no", "yes"]


def test_the_worst_rows_are_those_with_the_greatest_loss(finished):
    result = finished[0]
    table = pd.read_parquet(result.out_of_fold)
    truth = read_material(result.folder).lesson.target.values
    shares = table[["no", "yes"]].to_numpy()[np.arange(len(table)), truth]
    worst = kept_report(result.folder).facts["worst"]
    assert worst[0]["id"] == table["id"].iloc[int(shares.argmin())]
    losses = [one["loss"] for one in worst]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == pytest.approx(-np.log(shares.min()), rel=1e-6)


def test_columns_that_tell_are_worth_more_than_those_that_do_not(finished):
    told = kept_report(finished[0].folder).facts["importances"]["columns"]
    drops = {one["column"]: one["drop"] for one in told}
    assert set(drops) == {"fruit", "firmness", "hue", "orchard"}
    assert drops["firmness"] > 0.05 > abs(drops["orchard"])
    assert drops["fruit"] == 0


def test_values_have_residuals_and_whole_groups(values_study):
    told = kept_report(values_study).facts
    assert told["confusion"] is None and told["calibration"] is None
    [left] = told["residuals"]
    assert sum(left["counts"]) == left["rows"] == 120
    assert [one["column"] for one in told["importances"]["columns"]] == ["size"]
    assert told["fold_kind"] == "grouped" and told["groups"] == 30
    assert [one["groups"] for one in told["folds"]] == [10, 10, 10]
    assert "Residuals" in " ".join(read_page(values_study).words)


def test_a_report_may_be_written_by_many_at_once(tmp_path):
    texts = [str(number) * 50_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: building._write(tmp_path / "report.md", text), texts * 10))
    assert (tmp_path / "report.md").read_text() in texts
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_several_targets_and_repeated_folds_are_told_in_full(run_own):
    generator = np.random.default_rng(2)
    table = pd.DataFrame({"id": range(60), "a": generator.normal(size=60)})
    table["y"], table["z"] = 3 * table["a"] + generator.normal(size=60), -table["a"]
    data = {"train": "train.csv", "target": ["y", "z"], "metric": "rmse", "id_column": "id"}
    folder = run_own(table, "rmse", data=data, validation={"folds": 3, "repeats": 2})
    worst = kept_report(folder).facts["worst"]
    for one in worst:
        assert one["truth"] == pytest.approx(table.loc[one["id"], ["y", "z"]].tolist())
        missed = np.abs(np.subtract(one["truth"], one["said"]))
        assert one["loss"] == pytest.approx(missed.mean())
    words = " ".join(read_page(folder).words)
    assert "How much worse root mean squared error gets" in words
    assert "on all 60 scored rows" in words


def test_a_report_is_made_again_from_the_folder_alone(study):
    before = kept_report(study)
    facts = before.facts
    for path in before.folder.iterdir():
        path.unlink()
    assert kept_report(study) is None
    again = build_report(study, ["majority", "linear"])
    assert again.facts == facts


def test_the_search_is_told_trial_by_trial(finished, study):
    result = finished[0]
    told = kept_report(study).facts["trials"]
    assert [one["number"] for one in told] == [0, 1, 2, 3]
    assert told[-1]["best"] == max(one["score"] for one in told) == result.best_score
    assert "learning_rate" in told[0]["parameters"]
    (study / "trials.json").unlink()  # an older study has its journal alone
    assert build_report(study).facts["trials"] == told


def test_a_study_from_before_reports_gets_one_of_what_it_kept(study):
    for name in ("answers", "baselines"):
        for path in (study / name).iterdir():
            path.unlink()
    (study / "curves.parquet").unlink()
    summary = json.loads((study / "summary.json").read_text())
    old = {key: summary[key] for key in ("trial", "parameters", "chosen", "scores")}
    (study / "summary.json").write_text(json.dumps(old))
    told = build_report(study).facts
    assert told["curves"] == [] and told["finished_at"] is None
    assert {one["name"] for one in told["models"]} == set(old["scores"])


def test_more_baselines_are_fitted_once_and_kept(study):
    build_report(study, ["majority", "random_forest"])
    kept = study / "baselines" / "random_forest.parquet"
    before = kept.stat().st_mtime_ns
    told = build_report(study).facts
    assert kept.stat().st_mtime_ns == before
    names = [one["name"] for one in told["models"] if one["is_baseline"]]
    assert names == ["majority", "linear", "random_forest"]


def test_another_model_has_a_report_without_curves_or_network(run_own):
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"id": range(60), "a": generator.normal(size=60)})
    table["y"] = np.where(table["a"] > 0, "up", "down")
    folder = run_own(table, "auc", model="linear", network={}, search={"trials": 1, "space": {}})
    told = kept_report(folder).facts
    assert [one["name"] for one in told["models"]] == ["best", "seeds", "majority"]
    words = " ".join(read_page(folder).words)
    assert "Learning curves" not in words and "The network" not in words


def test_a_study_may_go_without_a_report(run_own):
    table = pd.DataFrame({"id": range(60), "a": np.arange(60.0), "y": np.arange(60) % 2})
    folder = run_own(table, "accuracy", report={"enabled": False})
    assert kept_report(folder) is None and not (folder / "report").exists()


def test_many_classes_are_told_by_their_commonest_confusions(finished):
    from experiments.reporting.answers import answer_sections
    from experiments.reporting.diagnosis import Confusion
    from experiments.reporting.facts import gather_facts

    facts = gather_facts(read_material(finished[0].folder), [])
    labels = tuple(f"class {n}" for n in range(30))
    counts = tuple(tuple(int(i + 1 == j) * (i + 1) for j in range(30)) for i in range(30))
    many = type(facts)(**{**vars(facts), "confusion": Confusion(labels, counts)})
    section = next(one for one in answer_sections(many) if one.key == "confusion")
    [table] = [one for one in section.blocks if hasattr(one, "rows")]
    assert len(table.rows) == 15
    assert table.rows[0][:2] == ("class 28", "class 29")
    assert compose(many, None).sections


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.95214, "0.9521"), (12.3456, "12.346"), (-123456.7, "-123456.7"), (0.0, "0.0000")],
)
def test_scores_are_written_alike_everywhere(value, told):
    assert wording.score(value) == told
