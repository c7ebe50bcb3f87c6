"""Where a checkpoint's tokenizer and chat template lie, and the tokenizer itself.

An adapter that was trained with a tokenizer or template of its own has them in its own folder, and
is asked with these: in its base's template it would answer what it was not trained to read.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError
from safebasin.models.check import CheckedCheckpoint, settings_of
from safebasin.models.private import private, settings_digest
from safebasin.models.shards import INDEX
from safebasin.models.shown import shown
from safebasin.models.tokenizer_file import require_faithful
from safebasin.models.trial import require_readable

VOCABULARY = (
    "tokenizer.json",
    "*.model",
    "*.tiktoken",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "added_tokens.json",
)
"""What gives tokens their ids, as patterns of file names."""

TOKENIZER = (
    *VOCABULARY,
    *("tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"),
)
"""What makes a tokenizer and its template."""

_MODEL = ("generation_config.json", "config.json")
_NOT_READ = ("adapter_config.json", INDEX)


def has_vocabulary(folder: Path) -> bool:
    """Whether a folder has a tokenizer of its own, by the names in it; no file is opened."""
    return any(_is_one_of(path, VOCABULARY) for path in folder.iterdir())


def own_files(folder: Path) -> dict[str, bytes]:
    """What a folder holds of a tokenizer and its template; nothing where it has no vocabulary.

    Raises:
        InputRejectedError: see `check.settings_of`.
    """
    return _read(folder, TOKENIZER) if has_vocabulary(folder) else {}


def vocabulary_files(checked: CheckedCheckpoint) -> dict[str, bytes]:
    """What gives a checkpoint's tokens their ids."""
    return _read(checked.tokenizer_folder, VOCABULARY)


def talk_files(checked: CheckedCheckpoint) -> dict[str, bytes]:
    """What makes answers of the same weights others."""
    return {**_read(checked.tokenizer_folder, TOKENIZER), **_read(checked.folder, _MODEL)}


def with_own_tokenizer(base: CheckedCheckpoint, folder: Path) -> CheckedCheckpoint:
    """A base with the tokenizer and template of an adapter's folder, if it has others.

    Raises:
        InputRejectedError: see `check.settings_of`.
    """
    own = own_files(folder)
    if not own or own == own_files(base.folder):
        return base
    files = [(path.name, path.read_bytes()) for path in _settings(folder)]
    note = "the tokenizer and chat template in the adapter's folder are used, not its base's"
    return replace(
        base,
        speaks=folder,
        settings_digest=settings_digest([("", base.settings_digest.encode()), *files]),
        settings={**base.settings, folder: settings_digest(files)},
        notes=(*base.notes, note),
    )


def tokenizer_for(checked: CheckedCheckpoint) -> Any:
    """The tokenizer of a checkpoint; an adapter's without a template has that of its base.

    Raises:
        InputRejectedError: it does not load.
        IntegrityError: its files are no longer what was checked.
    """
    own, base = checked.tokenizer_folder, checked.folder
    tokenizer = tokenizer_of(own, checked.settings.get(own))
    if not tokenizer.chat_template and own != base:
        template = tokenizer_of(base, checked.settings.get(base)).chat_template
        tokenizer.chat_template = template
    return tokenizer


def tokenizer_of(folder: Path, expected: str | None = None) -> Any:
    """The tokenizer in a folder.

    Args:
        folder: where it is.
        expected: the digest of the folder's settings when they were checked; None to trust them.

    Raises:
        InputRejectedError: it does not load.
        IntegrityError: the files are no longer what was checked.
    """
    require_faithful(folder / "tokenizer.json")
    with private([], _settings(folder), expected=expected) as place:
        require_readable(place, str(folder))
        return read_tokenizer(place, str(folder))


def read_tokenizer(place: Path, name: str) -> Any:
    """The tokenizer in a private folder whose settings were tried.

    Args:
        place: see `private.private`.
        name: names the checkpoint in messages.

    Raises:
        InputRejectedError: it does not load.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(place, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        alone = sorted(path.name for path in place.glob("*.model"))
        if alone and not (place / "tokenizer.json").exists():
            raise InputRejectedError(
                f"the tokenizer of {shown(name)} is a sentencepiece model alone "
                f"({shown(alone[0])}), which does not load as it is: with transformers and "
                "sentencepiece installed, AutoTokenizer.from_pretrained(FOLDER)."
                "save_pretrained(FOLDER) writes the tokenizer.json that is read here"
            ) from error
        raise InputRejectedError(
            f"the tokenizer of {shown(name)} does not load ({shown(error)}): save the tokenizer "
            "into the folder with save_pretrained"
        ) from error


def _settings(folder: Path) -> list[Path]:
    """What a loader of the tokenizer may read."""
    return [path for path in settings_of(folder) if path.name not in _NOT_READ]


def _read(folder: Path, names: Collection[str]) -> dict[str, bytes]:
    found = [path for path in settings_of(folder) if _is_one_of(path, names)]
    return {path.name: path.read_bytes() for path in found}


def _is_one_of(path: Path, names: Collection[str]) -> bool:
    return any(path.match(name) for name in names)
