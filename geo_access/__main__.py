"""`python -m geo_access` is the command line."""

from geo_access.cli import main

if __name__ == "__main__":
    main()
