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

FORMATS = ("csv", "json", "parquet", "text")
KEYS = {
    "": "task task_alias tag metadata include dataset_path dataset_name dataset_kwargs "
    "training_split validation_split test_split fewshot_split doc_to_text doc_to_target "
    "doc_to_choice description gen_prefix target_delimiter fewshot_delimiter fewshot_config "
    "num_fewshot output_type generation_kwargs repeats filter_list metric_list "
    "should_decontaminate doc_to_decontamination_query",
    "dataset_kwargs": "data_files field sep delimiter column_names encoding keep_linebreaks "
    "sample_by revision",
    "generation_kwargs": "until max_gen_toks max_new_tokens do_sample temperature top_p top_k "
    "min_p repetition_penalty num_beams",
}
"""What a task file and its mappings may hold."""


def is_file(name: str) -> bool:
    """Whether a task is asked for by its file and not by its name."""
    return Path(name).suffix.lower() in (".yaml", ".yml")


def is_local(task: Mapping[str, Any]) -> bool:
    """Whether a task that was read takes its documents from files."""
    return task["dataset_path"] in FORMATS


def read(path: Path) -> dict[str, Any]:
    """A task file with what it includes, as one mapping; file names in it become absolute.

    Raises:
        InputRejectedError: it is missing, too large, not YAML, asks for code, includes a file
            outside its folder, or has a key that has no place in a task file.
    """
    task = _merged(path, path.parent.resolve(), {path.resolve()})
    for where, allowed in KEYS.items():
        found = (task.get(where) or {}) if where else task
        if not isinstance(found, dict):
            raise InputRejectedError(f"{path}: {where} is not a mapping: mend the file")
        for key in sorted(set(map(str, found)) - set(allowed.split())):
            raise InputRejectedError(
                f"{path}: {where}{': ' * bool(where)}{shown(key)} has no place in a task file "
                "here, which may hold data and templates only: remove it"
            )
    for metric in task.get("metric_list") or []:
        if not isinstance(metric, dict) or metric.get("hf_evaluate"):
            raise InputRejectedError(
                f"{path} asks for a metric that is fetched as code: use one that lm-eval has"
            )
    return {**task, "dataset_kwargs": _data(path, task)}


def _merged(path: Path, folder: Path, seen: set[Path]) -> dict[str, Any]:
    """The file's own keys over those that it includes; each file once, as in lm-eval."""
    content = _parse(path)
    includes = content.pop("include", [])
    merged: dict[str, Any] = {}
    for name in includes if isinstance(includes, list) else [includes]:
        place = (path.parent / str(name)).resolve()
        if not place.is_relative_to(folder) or place in seen:
            raise InputRejectedError(
                f"{path} includes {shown(name)}, which is outside its folder or included already: "
                "copy what is needed into one file"
            )
        seen.add(place)
        merged |= _merged(place, folder, seen)
    return merged | content


def _parse(path: Path) -> dict[str, Any]:
    import yaml

    try:
        found = path.stat()
        fit = stat.S_ISREG(found.st_mode) and found.st_size <= MAX_BYTES
        content = yaml.safe_load(path.read_bytes()) if fit else None
    except yaml.constructor.ConstructorError as error:
        raise InputRejectedError(
            f"{path} asks for code or an unknown type ({shown(error.problem)}): a task file may "
            "hold data and templates only; write the step as a template, or prepare the data"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputRejectedError(f"{path} is not YAML ({shown(error)}): mend the file") from None
    except OSError as error:
        raise InputRejectedError(
            f"{path} cannot be read ({error.strerror}): check the path of the task file"
        ) from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        what = "a mapping of settings" if fit else f"a file of at most {MAX_BYTES >> 20} MiB"
        raise InputRejectedError(f"{path} is not {what}: pass a task file")
    return content


def _data(path: Path, task: Mapping[str, Any]) -> dict[str, Any]:
    """Where the documents are."""
    for name in ("task", "dataset_path"):
        if not isinstance(task.get(name), str) or not task[name].strip():
            raise InputRejectedError(f"{path} has no {name!r}: a task file names one")
    source, data = task["dataset_path"], task.get("dataset_kwargs") or {}
    on_hub = "/" in source and source[0] not in "./~" and not {":", "\\"} & set(source)
    if not is_local(task) and not on_hub:
        raise InputRejectedError(
            f"{path}: dataset_path {shown(source)} is neither one of {', '.join(FORMATS)} "
            "nor OWNER/NAME on a hub: name a format, and the files under dataset_kwargs: data_files"
        )
    if is_local(task) and "data_files" not in data:
        raise InputRejectedError(f"{path} names no data_files under dataset_kwargs: name them")
    if "data_files" in data:
        data = {**data, "data_files": _places(path, data["data_files"])}
    return dict(data)


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
