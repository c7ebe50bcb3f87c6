"""From a name to a folder: the organism, a folder on disk, or a model on the hub."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safebasin.errors import InputRejectedError, ResourceError, SafebasinError, UsageError
from safebasin.models.configuration import read_json
from safebasin.models.shown import shown
from safebasin.models.tokenizer_folder import TOKENIZER
from safebasin.records import ModelRef

#: What is fetched from the hub: safetensors, settings and tokenizers. Never pickles or code.
WANTED = (
    "*.safetensors",
    "*.json",
    "*.jinja",
    "tokenizer.model",
    "*.tiktoken",
    "merges.txt",
    "vocab.txt",
)
#: Copies of the same weights in other formats, which no loader here reads.
UNWANTED = ("*/*", "consolidated*")
#: What is fetched of an adapter: its settings and weights, and a tokenizer of its own.
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors", *TOKENIZER)

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
_FILE_SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".json", ".zip", ".tar")


def resolve(ref: ModelRef) -> Path:
    """The folder that a model's name stands for; a hub model is downloaded first.

    Only safetensors, settings and tokenizer files are fetched. The revision is pinned to the commit
    that the hub names at the first request, and a cached copy that is not complete is refused. Of a
    model with an adapter, this is the base's folder.

    Raises:
        UsageError: no such organism; or a revision although it is no hub model.
        InputRejectedError: there is no such model, or it may not be read.
        ResourceError: the hub is out of reach and no complete copy is here, or it asks to wait.
    """
    if ref.source.startswith("organism:"):
        _without_revision(ref)
        from safebasin.models import organism

        return organism.folder(ref.source.removeprefix("organism:"))
    return _folder(ref, "model", WANTED, UNWANTED)


def resolve_adapter(ref: ModelRef) -> Path | None:
    """The folder of a model's adapter, None if it has none.

    From the hub its settings, its weights and its own tokenizer and template are fetched.

    Raises:
        UsageError: it has a revision although it is no hub repository.
        InputRejectedError: there is no such adapter, or it may not be read.
        ResourceError: the hub is out of reach and no complete copy is here, or it asks to wait.
    """
    if ref.adapter is None:
        return None
    named = ModelRef(ref.adapter, ref.adapter_revision)
    return _folder(named, "adapter", ADAPTER_FILES, UNWANTED)


@dataclass(frozen=True)
class Folders:
    """Where a model is, and the adapter over it.

    Attributes:
        model: the folder of the whole model.
        adapter: that of the adapter, if there is one.
        base: the name of the whole model.
    """

    model: Path
    adapter: Path | None
    base: ModelRef


def resolve_both(ref: ModelRef) -> Folders:
    """The folders of a model and of its adapter, and the name of the model.

    A folder that holds an adapter alone goes over the base that its settings name.

    Raises:
        UsageError, InputRejectedError, ResourceError: see `resolve`; or such a base is not there.
    """
    folder, adapter = resolve(ref), resolve_adapter(ref)
    base = None if adapter is not None else base_of(folder)
    if base is None:
        return Folders(folder, adapter, ModelRef(ref.source, ref.revision))
    try:
        return Folders(resolve(base), folder, base)
    except SafebasinError as error:
        raise type(error)(
            f"the base that the adapter {shown(folder)} names is not to be had: {error}; or pass "
            "BASE+FOLDER"
        ) from error


def base_of(folder: Path) -> ModelRef | None:
    """The base that a folder's adapter names; None of a whole model, or where it names none.

    A relative folder is looked for here, then in the adapter's folder, then beside it.
    """
    settings = folder / ADAPTER_FILES[0]
    weights = ("model.safetensors", "model.safetensors.index.json")
    if not settings.exists() or any((folder / name).exists() for name in weights):
        return None
    content = read_json(settings)
    name, revision = content.get("base_model_name_or_path"), content.get("revision")
    if not isinstance(name, str) or not name.strip():
        return None
    for place in (Path(), folder, folder.parent):
        try:
            if (place / Path(name).expanduser()).is_dir():
                return ModelRef(str(place / Path(name).expanduser()))
        except (OSError, ValueError, RuntimeError):
            break
    return ModelRef(name, revision if isinstance(revision, str) and revision else None)


def _folder(ref: ModelRef, what: str, wanted: Sequence[str], unwanted: Sequence[str]) -> Path:
    try:
        path = Path(ref.source).expanduser()
        is_folder, exists = path.is_dir(), path.exists()
    except (OSError, ValueError, RuntimeError):
        is_folder = exists = False
    if is_folder:
        _without_revision(ref)
        return path
    if exists:
        raise InputRejectedError(
            f"{what} {shown(ref.source)} is a file: pass the folder that holds its settings and "
            "weights"
        )
    if _looks_like_path(ref.source):
        raise InputRejectedError(
            f"{what} folder {shown(ref.source)} does not exist: check the path, or name one on the "
            "hub as OWNER/NAME"
        )
    return _download(ref, wanted, unwanted)


def _without_revision(ref: ModelRef) -> None:
    if ref.revision is not None:
        raise UsageError(
            f"{shown(ref)} has a revision, but only hub models have revisions: leave out "
            f"{shown('@' + ref.revision)}"
        )


def _looks_like_path(source: str) -> bool:
    separators = source.count("/") + (source.count(os.sep) if os.sep != "/" else 0)
    return (
        source.startswith((".", "/", "~"))
        or separators > 1
        or source.lower().endswith(_FILE_SUFFIXES)
        or _HUB_ID.fullmatch(source) is None
    )


def _download(ref: ModelRef, wanted: Sequence[str], unwanted: Sequence[str]) -> Path:
    import huggingface_hub

    try:
        folder = huggingface_hub.snapshot_download(
            ref.source,
            revision=ref.revision,
            allow_patterns=list(wanted),
            ignore_patterns=list(unwanted),
        )
    except Exception as error:
        raise _explained(ref, error) from error
    return _complete(ref, Path(folder))


def _complete(ref: ModelRef, snapshot: Path) -> Path:
    """A download that was cut leaves `.incomplete` files beside the finished ones."""
    if any(snapshot.parent.parent.glob("blobs/*.incomplete")):
        raise InputRejectedError(
            f"the cached copy of {shown(ref)} is only partly downloaded: {_fetch_it(ref)}"
        )
    return snapshot


def _fetch_it(ref: ModelRef) -> str:
    at = f" --revision {ref.revision}" if ref.revision else ""
    command = f"hf download {ref.source}{at}"
    return f"download it where there is a network with `{command}` and pass the folder"


def _explained(ref: ModelRef, error: Exception) -> SafebasinError:
    """The hub's exception as one line with a remedy.

    The client wraps what the server said in its own "not in the cache" error, hence the cause.
    """
    from huggingface_hub import errors

    name = shown(ref.source)
    response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
    status = getattr(response, "status_code", None)
    kind: type[SafebasinError] = InputRejectedError
    if isinstance(error, errors.HFValidationError):
        text = f"{name} is neither a folder here nor a possible name on the hub"
    elif isinstance(error, errors.GatedRepoError) or status == 403:
        text = f"{name} is gated: ask for access on its hub page, then log in with `hf auth login`"
    elif isinstance(error, errors.RevisionNotFoundError):
        text = f"{name} has no revision {shown(ref.revision)}: look up its branches on the hub"
    elif isinstance(error, errors.RepositoryNotFoundError) or status in (401, 404):
        text = (
            f"there is no folder {name} here and no public model of that name on the hub: check "
            "the spelling, or log in with `hf auth login` if it is private"
        )
    elif type(error).__name__ == "IncompleteSnapshotError":  # known to newer clients only
        text = f"the cached copy of {name} is only partly downloaded: {_fetch_it(ref)}"
    elif status == 429:
        kind = ResourceError
        text = (
            f"the hub accepts no more requests for {name} for now (429): wait a few minutes, or "
            "log in with `hf auth login`, and run this again"
        )
    elif type(error) in (OSError, PermissionError):
        kind = ResourceError
        text = (
            f"{name} could not be stored ({shown(error)}): free space, or set HF_HOME to a folder "
            "that can be written"
        )
    else:
        kind = ResourceError
        text = f"there is no folder {name} here, and the hub cannot be reached: {_fetch_it(ref)}"
    return kind(text)
