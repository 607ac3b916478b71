"""Every command that a page shows exists and takes the options shown."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.house.tidy import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
COMMAND = re.compile(r"python3? manage\.py ([a-z_]+)((?: [^`\n|#]*)?)")
OWN_PARSER = {"test"}


def commands_of(page: Path) -> list[tuple[str, str]]:
    """Command and its arguments as written; a name in capitals or brackets stands for a value."""
    found = COMMAND.findall(page.read_text())
    return sorted({(name, arguments.strip()) for name, arguments in found})


def shown() -> list[tuple[str, str]]:
    return sorted({item for page in PAGES for item in commands_of(page)})


@pytest.mark.parametrize(("name", "arguments"), shown())
def test_shown_command_exists(name: str, arguments: str):
    registered = get_commands()
    assert name in registered
    if name in OWN_PARSER or "<" in arguments or "[" in arguments or "..." in arguments:
        return
    parser = load_command_class(registered[name], name).create_parser("manage.py", name)
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            parser.parse_args(shlex.split(arguments))
        except SystemExit as error:
            assert not error.code, said.getvalue()


def test_there_is_something_to_check():
    assert PAGES
