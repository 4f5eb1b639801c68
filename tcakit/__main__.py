"""python -m tcakit"""

from tcakit.cli.main import main

if __name__ == "__main__":  # not in the worker processes of a sweep, which read this file anew
    main()
