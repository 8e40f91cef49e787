"""Run the command line by ``python -m sklmerge.cli``."""

from sklmerge.cli import main

main()
