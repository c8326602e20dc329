"""The door of `python -m interroam` and of the command `interroam`."""

import importlib


def main() -> None:
    """Run the command line."""
    importlib.import_module("interroam.cli.main").app()


if __name__ == "__main__":
    main()
