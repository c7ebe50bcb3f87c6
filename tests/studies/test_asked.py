"""What a person passes in Python comes to the settings as these hold it."""

from __future__ import annotations

from pathlib import Path

from safebasin.studies.asked import Asked, checked
from safebasin.studies.settings import Settings


def test_paths_and_sequences() -> None:
    found = checked(
        {"out": "run", "perplexity": "a.txt", "chat_template": "t.jinja", "judges": ["keyword"],
         "tasks": ["one", "two"], "seed": 3}
    )  # fmt: skip
    assert found == {
        "out": Path("run"), "perplexity": Path("a.txt"), "chat_template": Path("t.jinja"),
        "judges": ("keyword",), "tasks": ("one", "two"), "seed": 3,
    }  # fmt: skip
    hash(Settings(**found))


def test_what_is_not_given_stays_a_default() -> None:
    assert checked({}) == {}
    assert checked({"out": None, "perplexity": None}) == {"out": None, "perplexity": None}


def test_settings_know_every_argument() -> None:
    fields = set(Settings.__dataclass_fields__) - {"model"}
    assert set(Asked.__annotations__) == fields
