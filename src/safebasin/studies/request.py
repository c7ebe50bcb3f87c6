"""What decides the content of a scan: two scans with equal requests are the same run."""

from __future__ import annotations

from typing import Any

import torch
import transformers

from safebasin.models.load import LoadedModel
from safebasin.prompts.catalog import PromptSet
from safebasin.studies.settings import ScanSettings


def request(
    settings: ScanSettings,
    loaded: LoadedModel,
    harmful: PromptSet,
    benign: PromptSet,
    system: str | None,
) -> dict[str, Any]:
    """The request of a scan, as JSON values; `run.json` keeps it.

    Args:
        settings: what was asked for.
        loaded: the model, with the digests of its weights and chat template.
        harmful: prompts, with their digest.
        benign: likewise.
        system: the system prompt's text, or None for no system message.
    """
    return {
        "study": "scan",
        "model": {
            "name": str(loaded.ref),
            "weights_digest": loaded.checked.weights_digest,
            "settings_digest": loaded.checked.settings_digest,
            "chat_template_digest": loaded.chat.digest,
            "dtype": loaded.dtype,
            "device": _device_name(loaded),
        },
        "rays": settings.rays.to_json(),
        "prompts": {"harmful": harmful.to_json(), "benign": benign.to_json()},
        "system": system,
        "decoding": {
            "method": "greedy",
            "max_new_tokens": settings.tokens,
            "batch_size": settings.batch,
            "full_text": settings.full_text,
        },
        "judges": list(settings.judges),
        "engine": {
            "name": settings.engine,
            "transformers": transformers.__version__,
            "torch": str(torch.__version__),
        },
    }


def _device_name(loaded: LoadedModel) -> str:
    """What kind of machine computes: another kind may round otherwise."""
    if loaded.device.type == "cuda":
        return torch.cuda.get_device_name(loaded.device)
    return str(loaded.device.type)
