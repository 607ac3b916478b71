"""Tags of the site's own pages: the modules of a page, and guilloche seals."""

from __future__ import annotations

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from arena_site.templatetags.guilloche import BOX, seal_paths
from arena_site.templatetags.modules import graph_of
from economy_engine.goods import REGION_NAMES

register = template.Library()


@register.simple_tag
def modules(page: str) -> SafeString:
    """The script of `static/js/pages/<page>.js`, and preloads for everything it imports.

    Without a bundler the browser would find the imports one level after another.
    """
    entry, *rest = graph_of(f"js/pages/{page}.js")
    preloads = format_html_join(
        "\n", '<link rel="modulepreload" href="{}">', ((static(name),) for name in rest)
    )
    return format_html('{}\n<script type="module" src="{}"></script>', preloads, static(entry))


@register.simple_tag
def seal(text: Any, size: int = 44) -> SafeString:
    """An SVG rosette for an id: decoration, hidden from assistive technology."""
    paths = format_html_join("", '<path d="{}"></path>', ((d,) for d in seal_paths(str(text))))
    return format_html(
        '<svg class="seal" width="{0}" height="{0}" viewBox="0 0 {1} {1}" aria-hidden="true">'
        "{2}</svg>",
        size,
        BOX,
        paths,
    )


@register.filter
def signed_percent(fraction: Any) -> str:
    """A fraction as a signed percentage with two decimals and a true minus; a dash without one."""
    try:
        value = float(fraction)
    except (TypeError, ValueError):
        return "–"
    digits = f"{abs(value) * 100:.2f}"
    sign = "" if float(digits) == 0 else "−" if value < 0 else "+"
    return f"{sign}{digits}%"


@register.filter
def grouped(number: Any) -> str:
    """A whole number with thousands separators; as it is when it is none."""
    try:
        return f"{int(number):,}"
    except (TypeError, ValueError):
        return str(number)


@register.filter
def region_name(letter: Any) -> str:
    """The name of a region for people."""
    return REGION_NAMES.get(str(letter), str(letter))


@register.filter
def direction(fraction: Any) -> str:
    """`up`, `down` or `muted`, as the shown percentage says."""
    shown = signed_percent(fraction)
    return {"+": "up", "−": "down"}.get(shown[:1], "muted")
