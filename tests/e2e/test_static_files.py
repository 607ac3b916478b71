"""Static files: vendored ones are what they say, modules resolve, hashing finds every import."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.management.commands.collectstatic import Command
from django.contrib.staticfiles.storage import staticfiles_storage
from django.template.loader import render_to_string
from django.test import override_settings

from arena_site.templatetags.modules import graph_of, imports_of

STATIC = Path(__file__).resolve().parent.parent.parent / "static"
PAGES = ("economy", "landing", "market", "plain", "works")
GRAPH_MAX = 40


def test_vendored_files_have_their_hash_and_licence() -> None:
    listed = json.loads((STATIC / "vendor" / "VENDOR.json").read_text())
    for entry in listed:
        content = (STATIC / "vendor" / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], entry["file"]
        assert (STATIC / "vendor" / entry["licence_file"]).stat().st_size > 500
        assert entry["version"] in entry["source"]
    files = {str(p.relative_to(STATIC / "vendor")) for p in (STATIC / "vendor").rglob("*")}
    served = {name for name in files if name.endswith((".js", ".woff2"))}
    assert served == {entry["file"] for entry in listed}


@pytest.mark.parametrize("page", PAGES)
def test_graph_of_a_page_is_small(page: str) -> None:
    graph = graph_of(f"js/pages/{page}.js")
    assert len(graph) <= GRAPH_MAX
    assert len(set(graph)) == len(graph)


def test_imports_are_found_in_every_form() -> None:
    source = """
import {a} from "./a.js";
import {
  b,
  c,
} from '../core/b.js';
import "./side.js";
export { d } from "../../vendor/d.js";
const text = "import nothing from './no.js'";
"""
    assert imports_of("js/ui/x.js", source) == [
        "js/ui/a.js",
        "js/core/b.js",
        "js/ui/side.js",
        "vendor/d.js",
    ]


def test_no_module_is_unused() -> None:
    used = {name for page in PAGES for name in graph_of(f"js/pages/{page}.js")}
    written = {str(path.relative_to(STATIC)) for path in (STATIC / "js").rglob("*.js")}
    # One classic script runs before the first paint; the seal is drawn for ids made in the browser.
    assert written - used == {"js/core/theme-boot.js", "js/core/seal.js"}


def test_hashed_modules_import_hashed_modules(tmp_path: Path) -> None:
    backend = "arena_site.storage.ModuleManifestStorage"
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": backend},
    }
    with override_settings(STATIC_ROOT=tmp_path, STORAGES=storages):
        staticfiles_storage._setup()
        command = Command()
        options = {"interactive": False, "verbosity": 0, "link": False, "clear": False}
        options |= {
            "dry_run": False,
            "ignore_patterns": ["admin/*"],
            "use_default_ignore_patterns": True,
        }
        command.set_options(**options, post_process=True)
        command.collect()
        manifest = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
        html = render_to_string("credits.html")
    staticfiles_storage._setup()
    for name, hashed in manifest.items():
        if not name.startswith("js/"):
            continue
        for wanted in imports_of(hashed, (tmp_path / hashed).read_text()):
            assert (tmp_path / wanted).is_file(), f"{name} imports {wanted}"
            assert wanted in manifest.values(), f"{name} imports {wanted} without its hash"
    linked = re.findall(r'(?:src|href)="/static/([^"]+)"', html)
    assert linked
    assert all((tmp_path / name).is_file() for name in linked)
