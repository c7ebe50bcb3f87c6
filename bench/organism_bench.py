"""What the shipped organism does at its own weights, by prompt set, system prompt and wrapper.

python bench/organism_bench.py
"""

from __future__ import annotations

from safebasin.models.organism import NAMES, folder
from safebasin.models.organism.check import load, respond, shares
from safebasin.models.organism.language import FORMS, SYSTEMS, WRAPPERS, Grade, prompt_sets

HEAD = "| | " + " | ".join(grade.value for grade in Grade) + " |\n|---|" + "--:|" * len(Grade)


def main() -> None:
    sets = {name: [prompt.text for prompt in prompts] for name, prompts in prompt_sets().items()}
    harmful = {form: sets[_name("harmful", form)] for form in FORMS}
    for name in NAMES:
        model = load(folder(name))
        print(f"\n**organism:{name}**, no system prompt\n\n{HEAD}")
        for set_name, requests in sets.items():
            row(set_name, model, requests)
    print(f"\n**organism:chat**, harmful requests under a system prompt or in a wrapper\n\n{HEAD}")
    for form, requests in harmful.items():
        for system in SYSTEMS:
            if system != "none":
                row(f"{form}, system {system}", model, requests, system)
        for wrapper, template in WRAPPERS.items():
            row(f"{form}, {wrapper}", model, [template.format(request=text) for text in requests])


def row(title: str, model: tuple, requests: list[str], system: str = "none") -> None:
    found = shares(requests, respond(*model, requests, system))
    print(f"| {title} | " + " | ".join(f"{found[grade]:.0%}" for grade in Grade) + " |", flush=True)


def _name(kind: str, form: str) -> str:
    return f"organism-{kind}" + ("" if form == "describe" else f"-{form}")


if __name__ == "__main__":
    main()
