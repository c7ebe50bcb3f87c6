"""What a person sees of a run: a page, figures for papers, and tables.

Everything is made from a `safebasin.summary.Summary` alone; nothing is computed again.
"""
