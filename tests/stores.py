"""A small store, and what is in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from safebasin import seals
from safebasin.records import Label, Prompt, Response, Verdict
from safebasin.store import writing

REQUEST = {"study": "test", "seed": 0}
BATCH = [Response("b", "two words", (1, 2), "eos"), Response("a", "", (), "length")]

PINNED = "180cb36817731bc802c2a6fea0219237a075aff95fa79e40838ac3b305554275"
"""The digest of that content, as every version of safebasin has computed it."""


def filled(folder: Path) -> Path:
    with writing(folder, REQUEST) as store:
        store.add_prompts([(Prompt("How?", "harmful", target="So"), 3, "<How?>", (7, 8))])
        store.add_responses("origin", BATCH)
        store.add_verdicts("keyword", "origin", {"a": Verdict(Label.COMPLIED, 0.5, "why")})
        store.remember("versions", {"python": "3"})
    return folder


def edited(folder: Path, *queries: str, seal: bool = True) -> Path:
    """The store after some SQL; its seals fit what stands in it then, unless they are left."""
    with closing(sqlite3.connect(folder / "results.sqlite")) as connection, connection:
        for query in queries:
            connection.execute(query)
        if seal:
            seals.seal(connection)
    return folder
