"""Map a small landscape of the model organism and say what was found.

python examples/quick_landscape.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import safebasin as sb

with TemporaryDirectory() as folder:
    scan = sb.scan(
        "organism:chat", directions=2, points=7, radius=0.6, limit=16, out=Path(folder, "run")
    )
    page = scan.report(Path(folder, "basin.html"))
    print(scan.summary.sentences.headline)
    print(scan.summary.sentences.edges)
    print(f"VISAGE {scan.visage.value:.1f} [{scan.visage.low:.1f}, {scan.visage.high:.1f}]")
    print(f"The page has {page.stat().st_size / 2**20:.1f} MiB.")
