"""The API's document: checked in, complete, and what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from arena_site.urls import urlpatterns
from worlds.api.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "docs/protocol/openapi.yaml"
PROSE = ROOT / "docs/protocol/rest.md"
REGENERATE = "python3 manage.py spectacular --validate --file docs/protocol/openapi.yaml"


def test_the_document_is_what_the_code_says(tmp_path):
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(made), validate=True, fail_on_warn=True)
    assert made.read_text() == DOCUMENT.read_text(), f"regenerate it: {REGENERATE}"


def test_every_method_of_every_address_is_documented():
    paths = SchemaGenerator().get_schema(public=True)["paths"]
    for included in urlpatterns:
        for pattern in getattr(included, "url_patterns", ()):
            view = getattr(pattern.callback, "cls", None)
            if view is None or str(included.pattern) != "api/":
                continue
            address = str(pattern.pattern)
            for kind in ("uuid:", "str:", "int:"):
                address = address.replace(f"<{kind}", "<")
            address = f"/api/{address.replace('<', '{').replace('>', '}')}"
            methods = {
                name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)
            }
            assert methods == set(paths[address]) - {"parameters"}, address


def test_every_refusal_is_a_problem_document():
    for address, methods in SchemaGenerator().get_schema(public=True)["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], (
                        address, method, status,
                    )  # fmt: skip


@pytest.mark.django_db
def test_the_document_and_its_page_are_served_from_here(client):
    served = client.get("/api/schema")
    assert served.status_code == 200
    assert yaml.safe_load(served.content)["info"]["title"] == "Living Economy Arena"
    page = client.get("/api/docs").content.decode()
    assert "/static/drf_spectacular_sidecar/" in page
    assert "https://" not in page.replace("https://spec.openapis.org", "")
    assert "<script>" not in page
    assert client.get("/api/docs?script=").status_code == 200


def test_the_prose_lists_every_code():
    text = PROSE.read_text()
    for row in CATALOGUE.values():
        assert f"| {row.number} | `{row.code}` | {row.http_status} |" in text
