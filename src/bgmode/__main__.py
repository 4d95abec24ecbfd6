"""``python -m bgmode``: the command, where its script is not on the path."""

from bgmode.cli import main

if __name__ == "__main__":
    main()
