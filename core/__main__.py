"""`python -m core …`: see `core.cli`."""

import sys

if __name__ == "__main__":
    try:
        from core.cli import main

        main()
    except KeyboardInterrupt:  # while the program itself was still being read
        sys.exit(130)
