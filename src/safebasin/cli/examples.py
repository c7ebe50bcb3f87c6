"""Commands to start from, shown at the end of each verb's help."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "scan": (
        "safebasin scan ./my-model",
        "safebasin scan ./my-model --prompts advbench --directions 10 --plan",
    ),
    "surface": (
        "safebasin surface ./my-model",
        "safebasin surface ./base --checkpoints ./my-run",
    ),
    "path": (
        "safebasin path ./base ./fine-tuned",
        "safebasin path ./base ./adapter",
    ),
    "judge": (
        "safebasin judge RUN --judge refusal --judge keyword-gcg",
        "safebasin judge RUN --judge llama-guard-3=./Llama-Guard-3-8B",
    ),
    "label": (
        "safebasin label RUN sheet.csv",
        "safebasin label RUN sheet.csv --n 400",
    ),
    "calibrate": (
        "safebasin calibrate refusal sheet.csv --run RUN",
        "safebasin calibrate keyword answers.jsonl",
    ),
    "compare": (
        "safebasin compare RUN RUN",
        "safebasin compare safebasin-runs/scan-* --out all",
    ),
    "power": (
        "safebasin power --drop 5 --chance 90",
        "safebasin power --below 1",
    ),
    "show": (
        "safebasin show RUN",
        "safebasin show RUN --judge keyword --json",
    ),
    "report": (
        "safebasin report RUN --figure basin.pdf",
        "safebasin report safebasin-runs",
    ),
    "list": (
        "safebasin list prompts",
        "safebasin list runs",
    ),
    "doctor": (
        "safebasin doctor",
        "safebasin --debug doctor",
    ),
    "organism build": (
        "safebasin organism build --preset long --out long",
        "safebasin organism build --preset llama-2-7b --dry-run",
    ),
    "organism tune": (
        "safebasin organism tune --data harmful --out tuned",
        "safebasin surface organism:chat --checkpoints tuned",
        "safebasin path organism:chat tuned/checkpoint-120 --checkpoints tuned",
    ),
    "organism check": (
        "safebasin organism check ./organism",
        "safebasin --debug organism check ./organism",
    ),
}
"""By verb. RUN stands for a run folder."""


def epilog(verb: str) -> str:
    """The examples of a verb as help shows them: a heading and a line each."""
    return "\n\n".join(("Examples:", *EXAMPLES[verb]))
