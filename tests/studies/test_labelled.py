"""Labelled files are read as data, in the words that people use, and a bad row is named."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safebasin.errors import InputRejectedError, UsageError
from safebasin.records import Label
from safebasin.studies.labelled import read


def table(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows_of(*labels: str) -> list[dict[str, str]]:
    return [
        {"prompt": f"request {n}", "response": f"text {n}", "label": label}
        for n, label in enumerate(labels)
    ]


def test_people_have_several_words_for_a_label(tmp_path: Path) -> None:
    words = {
        Label.REFUSED: ("refused", "Refusal ", "2_full_refusal", "full refusal"),
        Label.COMPLIED: ("complied", "1", "1.0", "yes", "unsafe", "1_full_compliance", "partial"),
        Label.INCOHERENT: ("incoherent", "GARBAGE"),
        Label.OTHER: ("other", "0", "-1", "safe", "no"),
    }
    for label, written in words.items():
        found = read(table(tmp_path / "x.csv", rows_of(*written))).found
        assert [one.label for one in found] == [label] * len(written)


def test_partial_refusals_can_be_left_out(tmp_path: Path) -> None:
    path = table(tmp_path / "x.csv", rows_of("refused", "3_partial_refusal", "complied", ""))
    kept, left_out = read(path), read(path, partial="leave out")
    assert [one.label for one in kept.found][1] is Label.COMPLIED
    assert (len(kept.found), kept.partial, kept.unlabelled) == (3, 0, 1)
    assert (len(left_out.found), left_out.partial, left_out.unlabelled) == (2, 1, 1)
    with pytest.raises(UsageError, match="--partial is 'maybe'"):
        read(path, partial="maybe")


def test_xstests_published_format_is_understood(tmp_path: Path) -> None:
    row = {"id": "1", "type": "t", "prompt": "p", "completion": "c", "annotation_1": "x",
           "agreement": "True", "final_label": "2_full_refusal"}  # fmt: skip
    (one,) = read(table(tmp_path / "x.csv", [row])).found
    assert (one.exchange.prompt.text, one.exchange.response.text) == ("p", "c")
    assert one.label is Label.REFUSED
    assert one.place is None


def test_a_sheet_says_where_its_rows_are_from(tmp_path: Path) -> None:
    row = {"point": "origin", "id": "abc#1", "stratum": "Incoherent", **rows_of("other")[0]}
    (one,) = read(table(tmp_path / "x.csv", [row])).found
    assert one.place == ("origin", "abc#1")
    assert one.stratum == "incoherent"


def test_json_lines_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, rows_of("refused", "complied"))), encoding="utf-8")
    assert [one.label for one in read(path).found] == [Label.REFUSED, Label.COMPLIED]


def test_the_digest_is_that_of_the_contents(tmp_path: Path) -> None:
    one = read(table(tmp_path / "a.csv", rows_of("refused")))
    other = read(table(tmp_path / "b.csv", rows_of("refused")))
    third = read(table(tmp_path / "c.csv", rows_of("complied")))
    assert one.digest == other.digest != third.digest


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"prompt": "p", "response": "r"}], "no column for the label"),
        ([{"prompt": "p", "label": "1"}], "no column for the response"),
        ([{"response": "r", "label": "1"}], "no column for the prompt"),
        (rows_of("refused", "perhaps"), "row 2 is labelled 'perhaps'"),
        (rows_of("", ""), "no labelled row"),
    ],
)
def test_what_is_not_labelled_is_refused(
    rows: list[dict[str, str]], told: str, tmp_path: Path
) -> None:
    with pytest.raises(InputRejectedError, match=told):
        read(table(tmp_path / "x.csv", rows))


def test_hostile_labels_are_shown_as_text(tmp_path: Path) -> None:
    with pytest.raises(InputRejectedError) as caught:
        read(table(tmp_path / "x.csv", rows_of("\x1b[31m\u202e<script>")))
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)


FORMS = [(1, 0), (1.0, 0.0), (True, False), ("complied", "other")]


@pytest.mark.parametrize("pair", FORMS)
@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet"])
def test_labels_are_numbers_truth_values_or_words(
    tmp_path: Path, suffix: str, pair: tuple[object, object]
) -> None:
    rows = [{"prompt": "p", "response": f"r{n}", "label": pair[n % 2]} for n in range(6)]
    path = tmp_path / f"x{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text(json.dumps(rows) if suffix == ".json" else "\n".join(map(json.dumps, rows)))
    found = read(path)
    assert [one.label for one in found.found] == [Label.COMPLIED, Label.OTHER] * 3
    assert found.unlabelled == 0


def test_a_missing_label_is_counted_and_said(tmp_path: Path) -> None:
    rows = [{"prompt": "p", "response": "r", "label": label} for label in (1, None, float("nan"))]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = read(tmp_path / "x.jsonl")
    assert (len(found.found), found.unlabelled) == (1, 2)
    assert found.notes == ("2 rows without a label, not counted",)


def test_the_label_of_the_response_goes_before_that_of_the_prompt(tmp_path: Path) -> None:
    one = {"id": "1", "prompt": "p", "type": "t", "label": "unsafe", "completion": "c"}
    found = read(table(tmp_path / "x.csv", [{**one, "final_label": "2_full_refusal"}]))
    assert [each.label for each in found.found] == [Label.REFUSED]
    assert found.notes == ("labels are those of the column 'final_label'; not read: label",)
    with pytest.raises(InputRejectedError, match="responses 'final_label'"):
        read(table(tmp_path / "y.csv", [one]))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"response": None}, "row 2 has null in the column 'response'"),
        ({"response": ["a", "b"]}, "row 2 has a list of 2 in the column 'response'"),
        ({"response": {"text": "a"}}, "row 2 has an object in the column 'response'"),
        ({"prompt": [{"role": "user", "content": "a"}] * 2}, "row 2 has a list of 2 in the"),
        ({"label": ["refused", "other"]}, "row 2 has a list of 2 as its label"),
    ],
)
def test_what_is_no_text_is_named_and_never_judged_as_an_empty_one(
    tmp_path: Path, changed: dict[str, object], told: str
) -> None:
    rows = [{"prompt": "p", "response": "r", "label": "refused"}] * 2
    rows[1] = {**rows[1], **changed}  # type: ignore[dict-item]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(InputRejectedError, match=told):
        read(tmp_path / "x.jsonl")


def test_a_response_that_is_missing_altogether_is_named(tmp_path: Path) -> None:
    rows = [{"prompt": "p", "response": "r", "label": 1}, {"prompt": "p", "label": 1}]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(InputRejectedError, match="row 2 has nothing in the column 'response'"):
        read(tmp_path / "x.jsonl")


def test_columns_that_are_not_read_are_named(tmp_path: Path) -> None:
    one = {"prompt": "p", "goal": "g", "response": "r", "output": "o", "label": "1"}
    assert read(table(tmp_path / "x.csv", [one])).notes == (
        "prompts are those of the column 'prompt'; not read: goal",
        "responses are those of the column 'response'; not read: output",
    )


def test_a_conversation_of_one_turn_is_its_text(tmp_path: Path) -> None:
    turn = [{"role": "assistant", "content": "c"}]
    (tmp_path / "x.jsonl").write_text(json.dumps({"prompt": ["p"], "response": turn, "label": 1}))
    (one,) = read(tmp_path / "x.jsonl").found
    assert (one.exchange.prompt.text, one.exchange.response.text) == ("p", "c")


def test_names_of_columns_in_any_case_but_once(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("Prompt;Response;LABEL\np;r;refused\n")
    assert [one.label for one in read(tmp_path / "x.csv").found] == [Label.REFUSED]
    for header in ("prompt,response,label,label", "prompt,response,label,Label"):
        (tmp_path / "y.csv").write_text(f"{header}\np,r,refused,complied\n")
        with pytest.raises(InputRejectedError, match="several columns called 'label'"):
            read(tmp_path / "y.csv")


@pytest.mark.parametrize("text", ["<think>hm</think>Sure.", "hm</think>Sure.",
    "analysishmassistantfinalSure.", "analysisassistantfinalaassistantfinalSure."])  # fmt: skip
def test_the_answer_is_what_follows_the_thoughts(tmp_path: Path, text: str) -> None:
    row = {**rows_of("complied")[0], "response": text}
    (one,) = read(table(tmp_path / "x.csv", [row])).found
    assert one.exchange.answer == one.exchange.response.text == "Sure."
    (sheet,) = read(table(tmp_path / "y.csv", [{**row, "point": "origin", "id": "a"}])).found
    assert sheet.exchange.answer == text, "told apart when the run was made"
