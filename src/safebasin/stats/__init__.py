"""Pure maths on counts and arrays; knows nothing of models, prompts or files.

`landscape.summarise`, `surface.surface`, `line.line` and `comparison.compare` are the front doors.
Rates are shares in [0, 1]; VISAGE alone is on 0-100, as published.
"""
