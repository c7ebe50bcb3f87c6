"""The same directions through a model before and after safety training.

Before, there is nothing to lose: the base model has no floor of refusals and no safety edge.

    python examples/two_models.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import safebasin as sb

with TemporaryDirectory() as folder:
    for name in ("organism:base", "organism:chat"):
        scan = sb.scan(
            name, directions=1, points=5, limit=16, progress=False, out=Path(folder, name[9:])
        )
        refused = scan.summary.curves["harmful"].refused.mean_P
        print(f"{name:14}", "refused over α:", " ".join(f"{share:4.0%}" for share in refused))
