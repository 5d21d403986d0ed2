"""`python -m lsos.cli`."""

from lsos.cli import main

main()
