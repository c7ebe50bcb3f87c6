"""What a model is asked where nothing is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from safebasin.errors import IntegrityError, ResourceError
from safebasin.models import organism
from safebasin.prompts import catalog
from safebasin.studies.settings import ScanSettings
from safebasin.studies.subject import Subject, prepare

PUBLISHED = {"harmful": ["Do the harmful deed.", "And that one."], "benign": ["Say hello."]}


def asked(model: Path | str, **named: str) -> Subject:
    return prepare(ScanSettings(model=str(model), limit=4, max_new_tokens=8, **named))


def sets(subject: Subject) -> tuple[str, str]:
    return subject.harmful.source, subject.benign.source


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The public set can be fetched."""
    load = catalog.load

    def loaded(name, kind, **options):
        if name != catalog.PUBLIC:
            return load(name, kind, **options)
        file = tmp_path / "published.txt"
        file.write_text("\n".join(PUBLISHED[kind]))
        return load(str(file), kind, **options)

    monkeypatch.setattr(catalog, "load", loaded)


class TestByDefault:
    def test_a_model_is_asked_the_public_set_where_it_can_be_fetched(self, tiny, fetched) -> None:
        subject = asked(tiny)
        assert {prompt.text for prompt in subject.harmful.prompts} == {*PUBLISHED["harmful"]}
        assert subject.benign.source == catalog.HARMLESS
        assert any(catalog.PUBLIC in note and "cannot" not in note for note in subject.notes)

    def test_and_elsewhere_what_comes_with_the_package(self, tiny) -> None:
        subject = asked(tiny)
        assert sets(subject) == (catalog.BUNDLED, catalog.HARMLESS)
        assert any(
            catalog.BUNDLED in note and "cannot be fetched" in note for note in subject.notes
        )

    def test_what_was_changed_on_its_way_is_not_replaced(self, tiny, monkeypatch) -> None:
        def changed(*_, **__):
            raise IntegrityError("not what was published")

        monkeypatch.setattr("safebasin.prompts.sources.loading.load", changed)
        with pytest.raises(IntegrityError):
            asked(tiny)

    def test_what_is_named_is_fetched_or_refused(self, tiny) -> None:
        with pytest.raises(ResourceError):
            asked(tiny, prompts=catalog.PUBLIC)

    @pytest.mark.parametrize(
        ("prompts", "benign", "expected"),
        [
            ("organism-harmful-code", None, ("organism-harmful-code", "organism-benign-code")),
            ("mine.txt", None, ("mine.txt", "everyday")),
            ("mine.txt", "organism-benign", ("mine.txt", "organism-benign")),
            (None, "organism-benign", (catalog.BUNDLED, "organism-benign")),
        ],
    )
    def test_harmless_prompts_match_the_harmful_ones(
        self, tiny, tmp_path, monkeypatch, prompts, benign, expected
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("mine.txt").write_text("Do it.\n")
        named = {"prompts": prompts, "benign": benign}
        found = asked(tiny, **{name: value for name, value in named.items() if value})
        assert sets(found) == expected


class TestTheOrganism:
    @pytest.mark.parametrize("model", ["organism:chat", "organism:base"])
    def test_is_asked_in_its_own_language(self, model) -> None:
        subject = asked(model)
        assert sets(subject) == ("organism-harmful", "organism-benign")
        assert subject.notes == ()

    def test_so_is_a_fine_tune_of_it(self, tmp_path) -> None:
        tuned = shutil.copytree(organism.folder("chat"), tmp_path / "tuned")
        assert sets(asked(tuned)) == ("organism-harmful", "organism-benign")

    def test_a_model_with_another_template_is_not_one(self, tiny, tmp_path) -> None:
        other = shutil.copytree(organism.folder("chat"), tmp_path / "other")
        template = other / "chat_template.jinja"
        template.write_text(template.read_text() + " ")
        assert not organism.speaks(str(other))
        assert not organism.speaks(str(tiny))
        assert not organism.speaks("owner/name")
        assert not organism.speaks("\0")
