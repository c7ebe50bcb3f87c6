"""Pure maths on counts and arrays; knows nothing of models, prompts or files.

`landscape.summarise` is the one front door. Rates are shares in [0, 1]; VISAGE alone is on
0-100, as published.
"""
