"""The door of `python -m interroam` and of the command `interroam`."""

import importlib
import sys


def main() -> None:
    """Run the command line."""
    try:
        importlib.import_module("interroam.cli.main").app()
    except KeyboardInterrupt:  # so early that nothing has begun
        sys.exit(130)


if __name__ == "__main__":
    main()
