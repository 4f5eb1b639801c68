"""python -m tcakit"""

from tcakit.cli.main import main

main()
