"""Task files of lm-eval: YAML that is read as data, and may do no more than data can.

In lm-eval's own reading a task file may import Python (`!function`, `class`), fetch metrics as
code, and include any other file. Here a file is checked and read by us, and lm-eval is given what
it says.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError
from safebasin.models.shown import shown

MAX_BYTES = 1 << 20

KEYS = frozenset(
    {
        *("task", "task_alias", "tag", "metadata", "include"),
        *("dataset_path", "dataset_name", "dataset_kwargs"),
        *("training_split", "validation_split", "test_split", "fewshot_split"),
        *("doc_to_text", "doc_to_target", "doc_to_choice", "description", "gen_prefix"),
        *("target_delimiter", "fewshot_delimiter", "fewshot_config", "num_fewshot"),
        *("output_type", "generation_kwargs", "repeats", "filter_list", "metric_list"),
        *("should_decontaminate", "doc_to_decontamination_query"),
    }
)
FORMATS = frozenset({"json", "csv", "text", "parquet"})
DATA = frozenset(
    {
        *("data_files", "field", "sep", "delimiter", "column_names"),
        *("encoding", "keep_linebreaks", "sample_by", "revision"),
    }
)
GENERATION = frozenset(
    {
        *("until", "max_gen_toks", "max_new_tokens", "do_sample", "temperature"),
        *("top_p", "top_k", "min_p", "repetition_penalty", "num_beams"),
    }
)


def read(path: Path) -> dict[str, Any]:
    """A task file with what it includes, as one mapping; file names in it become absolute.

    Raises:
        InputRejectedError: it is missing, too large, not YAML, asks for code, includes a file
            outside its folder, or has a key that has no place in a task file.
    """
    return _checked(path, _merged(path, path.parent.resolve(), ()))


def is_local(task: Mapping[str, Any]) -> bool:
    """Whether a task that was read takes its documents from files."""
    return task["dataset_path"] in FORMATS


def _merged(path: Path, folder: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """The file's own keys over those that it includes."""
    content = _parse(path)
    includes = content.pop("include", [])
    merged: dict[str, Any] = {}
    for name in includes if isinstance(includes, list) else [includes]:
        place = (path.parent / str(name)).resolve()
        if not place.is_relative_to(folder) or place in above or place == path.resolve():
            raise InputRejectedError(
                f"{path} includes {shown(name)}, which is outside its folder or includes it again: "
                "copy what is needed into one file"
            )
        merged |= _merged(place, folder, (*above, path.resolve()))
    return merged | content


def _parse(path: Path) -> dict[str, Any]:
    import yaml

    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
            raise InputRejectedError(
                f"{path} is not a file of at most {MAX_BYTES >> 20} MiB: pass a task file"
            )
        content = yaml.safe_load(path.read_bytes())
    except yaml.constructor.ConstructorError as error:
        raise InputRejectedError(
            f"{path} asks for code or an unknown type ({shown(error.problem)}): a task file may "
            "hold data and templates only; write the step as a template, or prepare the data"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputRejectedError(f"{path} is not YAML ({shown(error)}): mend the file") from None
    except OSError as error:
        if isinstance(error, InputRejectedError):
            raise
        raise InputRejectedError(
            f"{path} cannot be read ({error.strerror}): check the path of the task file"
        ) from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InputRejectedError(f"{path} is not a mapping of settings: mend the file")
    return content


def _checked(path: Path, task: dict[str, Any]) -> dict[str, Any]:
    _only(path, "", task, KEYS)
    for name in ("task", "dataset_path"):
        if not isinstance(task.get(name), str) or not task[name].strip():
            raise InputRejectedError(f"{path} has no {name!r}: a task file names one")
    data = _mapping(path, task, "dataset_kwargs")
    _only(path, "dataset_kwargs: ", data, DATA)
    _only(path, "generation_kwargs: ", _mapping(path, task, "generation_kwargs"), GENERATION)
    for metric in task.get("metric_list") or []:
        if not isinstance(metric, dict) or metric.get("hf_evaluate"):
            raise InputRejectedError(
                f"{path} asks for a metric that is fetched as code: use one that lm-eval has"
            )
    if not is_local(task) and ("/" not in task["dataset_path"] or _is_path(task["dataset_path"])):
        raise InputRejectedError(
            f"{path}: dataset_path {shown(task['dataset_path'])} is neither one of "
            f"{', '.join(sorted(FORMATS))} nor OWNER/NAME on a hub: name a format, and the files "
            "under dataset_kwargs: data_files"
        )
    if is_local(task) and "data_files" not in data:
        raise InputRejectedError(f"{path} names no data_files under dataset_kwargs: name them")
    if "data_files" in data:
        data = {**data, "data_files": _places(path, data["data_files"])}
    return {**task, "dataset_kwargs": data}


def _only(path: Path, where: str, found: Mapping[str, Any], allowed: frozenset[str]) -> None:
    odd = sorted(set(map(str, found)) - allowed)
    if odd:
        raise InputRejectedError(
            f"{path}: {where}{shown(odd[0])} has no place in a task file here, which may hold data "
            "and templates only: remove it"
        )


def _mapping(path: Path, task: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = task.get(name) or {}
    if not isinstance(found, dict):
        raise InputRejectedError(f"{path}: {name} is not a mapping: mend the file")
    return found


def _is_path(text: str) -> bool:
    return text.startswith((".", "/", "~")) or ":" in text or "\\" in text


def _places(path: Path, files: Any) -> Any:
    """Names of data files, taken from the task file's folder; only files on this machine."""
    if isinstance(files, dict):
        return {split: _places(path, name) for split, name in files.items()}
    if isinstance(files, list):
        return [_places(path, name) for name in files]
    place = path.parent.resolve() / str(files)
    if not isinstance(files, str) or "://" in files or not place.is_file():
        raise InputRejectedError(
            f"{path}: data file {shown(files)} does not exist beside it: check its name"
        )
    return str(place)
