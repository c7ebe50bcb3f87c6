"""Small task files over local data, as a user would write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from safebasin.models.organism.language import prompt_sets

ASKED = prompt_sets()["organism-benign"][:12]

CHOICE: dict[str, Any] = {
    "task": "organism_choice",
    "dataset_path": "json",
    "dataset_kwargs": {"data_files": {"test": "data.jsonl"}},
    "test_split": "test",
    "output_type": "multiple_choice",
    "doc_to_text": "{{question}}",
    "doc_to_choice": "choices",
    "doc_to_target": "right",
}
GENERATE: dict[str, Any] = {
    **{key: CHOICE[key] for key in ("dataset_path", "dataset_kwargs", "test_split")},
    "task": "organism_says",
    "output_type": "generate_until",
    "doc_to_text": "<|begin|><|user|>{{question}}<|end|><|assistant|>",
    "doc_to_target": "{{choices[right]}}",
    "generation_kwargs": {"until": ["<|never|>"], "max_gen_toks": 48, "do_sample": False},
    "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
}
ROLLING: dict[str, Any] = {
    **{key: CHOICE[key] for key in ("dataset_path", "dataset_kwargs", "test_split")},
    "task": "organism_text",
    "output_type": "loglikelihood_rolling",
    "doc_to_text": "",
    "doc_to_target": "{{choices[right]}}",
    "metric_list": [
        {"metric": name} for name in ("word_perplexity", "byte_perplexity", "bits_per_byte")
    ],
}


def write(folder: Path, task: dict[str, Any], **changes: Any) -> Path:
    """The data, and a task file beside it; None takes a key away."""
    folder.mkdir(exist_ok=True, parents=True)
    with (folder / "data.jsonl").open("w") as handle:
        for place, prompt in enumerate(ASKED):
            wrong = [ASKED[(place + step) % len(ASKED)].target for step in (1, 2)]
            choices = [*wrong[: place % 3], prompt.target, *wrong[place % 3 :]]
            row = {"question": prompt.text, "choices": choices, "right": place % 3}
            handle.write(json.dumps(row) + "\n")
    content = {key: value for key, value in {**task, **changes}.items() if value is not None}
    path = folder / f"{task['task']}.yaml"
    path.write_text(yaml.safe_dump(content))
    return path
