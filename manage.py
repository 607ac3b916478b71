#!/usr/bin/env python3
"""The one door to every command of the arena; makes its own environment on first use.

`play` starts everything, `test` checks everything, `help` lists the rest. This file is readable
by any Python 3, so that an old one can be told what it lacks.
"""

import os
import sys


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - the very thing that is checked here
        sys.exit(f"Living Economy Arena needs Python 3.11 or newer; this is {sys.version}")
    from arena_site import bootstrap

    bootstrap.ensure(sys.argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arena_site.settings.embedded")
    from arena_site.embedded.session import execute

    execute(sys.argv)


if __name__ == "__main__":
    main()
