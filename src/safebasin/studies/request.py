"""What decides the content of a run: two runs with equal requests are the same run."""

from __future__ import annotations

from typing import Any

import torch
import transformers

from safebasin.engines.registry import require_able, versions
from safebasin.judges import registry
from safebasin.judges.registry import Means
from safebasin.models.load import LoadedModel
from safebasin.studies.settings import Settings
from safebasin.studies.subject import Subject


def request(study: str, where: dict[str, Any], subject: Subject) -> dict[str, Any]:
    """The request of a run, as JSON values; `run.json` keeps it.

    Args:
        study: the verb.
        where: the places in weight space, under the name that the study gives them.
        subject: the model and what it is asked, with their digests.

    Raises:
        UsageError, ResourceError: the engine cannot do that, or is not installed.
    """
    loaded, settings = subject.loaded, subject.settings
    require_able(
        settings.engine, sampling=settings.temperature > 0, measures=bool(subject.measures)
    )
    measures = [measure.about.to_json() for measure in subject.measures]
    return {
        **({"measures": measures} if measures else {}),
        "study": study,
        "model": describe(loaded),
        **where,
        "prompts": {"harmful": subject.harmful.to_json(), "benign": subject.benign.to_json()},
        "system": subject.system,
        **_reading(settings),
        "decoding": {
            **_decoding(settings),
            "max_new_tokens": settings.tokens,
            "batch_size": settings.batch,
            "drafts": "origin",
            "full_text": settings.full_text,
        },
        "judges": registry.keys(settings.judges, Means(device=settings.judges_on)),
        "engine": {
            "name": settings.engine,
            "transformers": transformers.__version__,
            "torch": str(torch.__version__),
            **versions(settings.engine),
        },
    }


def _reading(settings: Settings) -> dict[str, Any]:
    """How conversations are written and answers are read, where something was asked for."""
    asked = {"template_args": settings.arguments, "thoughts": settings.thoughts}
    return {name: value for name, value in asked.items() if value}


def _decoding(settings: Settings) -> dict[str, Any]:
    if not settings.temperature:
        return {"method": "greedy"}
    return {
        "method": "sampling",
        "temperature": settings.temperature,
        "samples": settings.samples,
        "seed": settings.seed,
    }


def describe(loaded: LoadedModel) -> dict[str, str]:
    """A model by name and by everything that its answers depend on."""
    return {
        "name": str(loaded.ref),
        "weights_digest": loaded.checked.weights_digest,
        "settings_digest": loaded.checked.settings_digest,
        "chat_template_digest": loaded.chat.digest,
        "dtype": loaded.dtype,
        "device": loaded.machine,
    }
