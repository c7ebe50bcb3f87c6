"""`python -m safebasin`, the same as the program `safebasin`."""

from safebasin.cli import main

main()
