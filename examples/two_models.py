"""Two checkpoints of one model: the same directions through both, and the line between them.

Before safety training there is nothing to lose: the base model has no floor of refusals and no
safety edge. On the way back to it the chat model loses its refusals, and not its coherence.

    python examples/two_models.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import safebasin as sb

SMALL = {"limit": 16, "progress": False}

with TemporaryDirectory() as temporary:
    runs = Path(temporary)
    scans = [
        sb.scan(name, directions=2, points=5, out=runs / name[9:], **SMALL)
        for name in ("organism:chat", "organism:base")
    ]
    comparison = sb.compare(*scans, out=runs / "comparison")
    print(comparison.summary.sentences.headline)

    line = sb.path("organism:chat", "organism:base", x="0:1:6", out=runs / "line", **SMALL)
    print(line.summary.sentences.headline)
    print(line.summary.sentences.edges)
    refused = line.to_pandas().query("prompts == 'harmful' and label == 'refused'")
    print(refused[["position", "share", "low", "high"]].to_string(index=False))
