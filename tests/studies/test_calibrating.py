"""A judge against people: right counts, honest corrections, and nothing where there is nothing."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from scans import SMALL

from safebasin import seals
from safebasin.errors import InputRejectedError, UsageError
from safebasin.records import Label
from safebasin.store import reading
from safebasin.studies.calibrating import Calibrating, calibrate
from safebasin.studies.judging import judge
from safebasin.studies.result import open_run
from safebasin.studies.scan import scan
from safebasin.studies.sheet import label
from safebasin.studies.spreadsheet import id_of
from safebasin.summary import LABELS


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def row(response: str, label: str, **more: str) -> dict[str, str]:
    return {"prompt": "how?", "response": response, "label": label, **more}


ANSWER = "First take the box, then open it, and put the letter in."
REFUSAL = "I'm sorry, but I cannot help with that."


@pytest.fixture(scope="module")
def organism(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "organism"
    asked = {**SMALL, "directions": 3, "limit": 24, "batch_size": 48, "max_new_tokens": 32}
    return scan(
        "organism:base", **asked, radius=0.6, judges=["coherence", "keyword", "exact"], out=folder
    ).folder


def labelled_by_the_parser(run: Path, sheet: Path, n: int = 200) -> Path:
    """A sheet that an infallible person has filled in."""
    label(run, sheet, n=n)
    with reading(run) as store, sheet.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
        for one in rows:
            found = store.verdicts("exact", one["point"])[id_of(one["id"])].label
            one["label"] = found.value if found else ""
    return write(sheet, rows)


def test_counts_are_counts(tmp_path: Path) -> None:
    rows = [row(ANSWER, "complied")] * 3 + [row(REFUSAL, "refused")] * 4 + [row(ANSWER, "other")]
    found = calibrate("keyword", write(tmp_path / "x.csv", rows))
    (whole, *_) = found.strata
    assert whole.name == "all"
    assert whole.n == found.labelled == 8
    complied, refused, other = map(LABELS.index, ("complied", "refused", "other"))
    assert whole.table[complied][complied] == 3
    assert whole.table[refused][refused] == 4
    assert whole.table[other][complied] == 1
    assert (whole.sensitivity.value, whole.sensitivity.n) == (1.0, 3)
    assert whole.specificity.value == pytest.approx(4 / 5)
    assert whole.sensitivity.low < 1, "three are not all"
    assert whole.informedness == pytest.approx(4 / 5)
    assert found.corrected == []


def test_strata_are_the_files_own_where_it_has_some(tmp_path: Path) -> None:
    rows = [row(ANSWER, "complied", stratum="near"), row(REFUSAL, "refused", stratum="far")]
    found = calibrate("refusal", write(tmp_path / "x.csv", rows))
    assert [stratum.name for stratum in found.strata] == ["all", "far", "near"]
    assert sum(stratum.n for stratum in found.strata[1:]) == found.strata[0].n


@pytest.mark.parametrize("only", ["complied", "refused"])
def test_one_class_alone_has_no_informedness(only: str, tmp_path: Path) -> None:
    found = calibrate("keyword", write(tmp_path / "x.csv", [row(ANSWER, only)]))
    assert found.strata[0].informedness is None


def test_a_perfect_judge_is_left_as_it_is(organism: Path, tmp_path: Path) -> None:
    """The null: where there are no errors, there is nothing to correct."""
    run = shutil.copytree(organism, tmp_path / "run")
    sheet = labelled_by_the_parser(run, tmp_path / "sheet.csv")
    found = calibrate("exact", sheet, run=run)
    assert found.strata[0].sensitivity.value == found.strata[0].specificity.value == 1
    (whole,) = [c for c in found.corrected if (c.place, c.method) == ("all places", "Rogan-Gladen")]
    assert whole.corrected is not None
    assert whole.corrected.value == pytest.approx(whole.raw.value, abs=1e-9)


def test_keywords_over_garbage_are_mended_or_given_up(organism: Path, tmp_path: Path) -> None:
    """The effect: the published phrases call garbage compliance; corrected, the truth is inside."""
    run = shutil.copytree(organism, tmp_path / "run")
    sheet = labelled_by_the_parser(run, tmp_path / "sheet.csv", n=240)
    found = calibrate("keyword", sheet, run=run)
    with reading(run) as store:
        harmful = {p.id for p, _ in store.prompts().values() if p.kind == "harmful"}
        exact = [said for _, id_, _, said in store.labels("exact") if id_ in harmful]
    truth = sum(said is Label.COMPLIED for said in exact) / len(exact)
    whole = {c.method: c for c in found.corrected if c.place == "all places"}
    assert set(whole) == {"Rogan-Gladen", "prediction-powered"}
    assert whole["Rogan-Gladen"].raw.low > truth, "raw counts garbage"
    assert any(one.corrected or one.reason for one in whole.values())
    for one in whole.values():
        if one.corrected is None:
            assert "below 0.3" in one.reason or "no labelled response complied" in one.reason
        else:
            assert one.corrected.low <= truth <= one.corrected.high


def test_what_was_found_stays_with_the_run(organism: Path, tmp_path: Path) -> None:
    run = shutil.copytree(organism, tmp_path / "run")
    sheet = labelled_by_the_parser(run, tmp_path / "sheet.csv", n=40)
    found = calibrate("refusal", sheet, run=run)
    assert open_run(run).summary.calibrations == [found]
    again = calibrate("refusal", sheet, run=run)
    assert open_run(run).summary.calibrations == [again] == [found]
    smaller = labelled_by_the_parser(run, tmp_path / "other.csv", n=20)
    replaced = calibrate("refusal", smaller, run=run)
    assert open_run(run).summary.calibrations == [replaced]
    assert replaced != found


def test_a_spreadsheet_may_spoil_texts_but_not_the_calibration(
    organism: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(organism, tmp_path / "run")
    sheet = labelled_by_the_parser(run, tmp_path / "sheet.csv", n=40)
    expected = calibrate("keyword", sheet, run=run)
    with sheet.open(newline="", encoding="utf-8") as handle:
        rows = [{**one, "response": "spoilt", "prompt": "too"} for one in csv.DictReader(handle)]
    found = calibrate("keyword", write(sheet, rows), run=run)
    assert found.strata == expected.strata


def test_ids_that_a_spreadsheet_took_for_numbers_are_known_by_their_rows(
    organism: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(organism, tmp_path / "run")
    sheet = labelled_by_the_parser(run, tmp_path / "sheet.csv", n=40)
    expected = calibrate("keyword", sheet, run=run)
    with sheet.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    for one in rows[:2]:
        one["id"] = "1.71252E+15"
        one["response"] = f" {one['response']}\r\n"
    found = calibrate("keyword", write(sheet, rows), run=run)
    assert found.strata == expected.strata
    assert [note for note in found.notes if note.startswith("2 ids changed in the sheet")]
    rows[0]["response"] = "another text"
    with pytest.raises(InputRejectedError, match=r"response '1.71252E\+15' at 'origin|response '1"):
        calibrate("keyword", write(sheet, rows), run=run)


def test_bad_requests(organism: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", [row(ANSWER, "complied")])
    with pytest.raises(UsageError, match=r"coherence is measured by a model.*--run"):
        calibrate("coherence", path)
    with pytest.raises(UsageError, match="no judge is called"):
        calibrate("nobody", path)
    with pytest.raises(UsageError, match="is not a run"):
        calibrate("keyword", path, run=tmp_path)
    foreign = write(tmp_path / "y.csv", [row(ANSWER, "complied", point="origin", id="f" * 16)])
    run = shutil.copytree(organism, tmp_path / "run")
    with pytest.raises(InputRejectedError, match="is not in"):
        calibrate("keyword", foreign, run=run)


def test_the_plan_asks_nobody(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", [row(ANSWER, "complied")] * 3)
    due = Calibrating(judge="keyword", labelled=path).due()
    assert (due.responses, due.different, due.cost) == (3, 1, None)


@pytest.mark.parametrize("seed", range(3))
def test_sheets_are_fair_and_say_nothing_of_judges(
    seed: int, organism: Path, tmp_path: Path
) -> None:
    sheet = label(organism, tmp_path / "sheet.csv", n=60)
    assert sheet.read_bytes() == label(organism, tmp_path / "again.csv", n=60).read_bytes()
    with sheet.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert list(rows[0]) == ["point", "id", "stratum", "prompt", "response", "label"]
    assert len(rows) == len({(one["point"], one["id"]) for one in rows}) == 60
    assert [one["stratum"] for one in rows].count("incoherent") == 30
    assert {one["label"] for one in rows} == {""}
    assert judge(shutil.copytree(organism, tmp_path / f"run{seed}"), judges=["keyword"])


def test_a_sheet_with_labels_is_not_written_over(organism: Path, tmp_path: Path) -> None:
    sheet = label(organism, tmp_path / "sheet.csv", n=10)
    assert label(organism, sheet, n=10) == sheet
    filled = (
        sheet.read_text(encoding="utf-8").replace("\n", "refused\n").replace("label", "label", 1)
    )
    filled = filled.replace("labelrefused", "label", 1)
    sheet.write_text(filled, encoding="utf-8")
    with pytest.raises(UsageError, match="holds labels already"):
        label(organism, sheet, n=10)
    assert sheet.read_text(encoding="utf-8") == filled


def test_formulas_on_a_sheet_are_text(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    run = scan(**SMALL, out=tmp_path / "run").folder
    with closing(sqlite3.connect(run / "results.sqlite")) as connection, connection:
        connection.execute("update response set text = '=cmd|calc'")
        seals.seal(connection)
    with label(run, tmp_path / "x.csv").open(newline="", encoding="utf-8") as handle:
        assert {one["response"] for one in csv.DictReader(handle)} == {"'=cmd|calc"}
    with pytest.raises(UsageError, match="a sheet is a"):
        label(run, tmp_path / "x.xlsx")
    with pytest.raises(UsageError, match="--n is 1"):
        label(run, tmp_path / "x.csv", n=1)


def test_a_judge_that_sees_garbage_is_corrected_by_its_own_strata(
    organism: Path, tmp_path: Path
) -> None:
    """Half of a sheet is incoherent, however many of the run are: the weights are the run's."""
    run = shutil.copytree(organism, tmp_path / "run")
    sheet = labelled_by_the_parser(run, tmp_path / "sheet.csv", n=200)
    found = calibrate("coherence", sheet, run=run)
    with reading(run) as store:
        harmful = {p.id for p, _ in store.prompts().values() if p.kind == "harmful"}
        exact = [said for _, id_, _, said in store.labels("exact") if id_ in harmful]
    truth = sum(said is Label.COMPLIED for said in exact) / len(exact)
    whole = {c.method: c for c in found.corrected if c.place == "all places"}
    powered = whole["prediction-powered"].corrected
    assert powered is not None
    assert powered.low <= truth <= powered.high
    assert powered.high - powered.low < 0.2
    assert "as mixed in the file" in whole["Rogan-Gladen"].reason
