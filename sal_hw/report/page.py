"""HTML pages that work offline: text is escaped, pictures are part of the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: resolution of pictures in a page, so that it stays below 3 MB
_PAGE_DPI = 90


def render_page(template: str, values: Mapping[str, Any]) -> str:
    """Return a page from a template of this package; every value is escaped."""
    from jinja2 import Environment, StrictUndefined

    text = files("sal_hw.report").joinpath(f"templates/{template}").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(text).render(**values)


def embedded(figure: Figure | None) -> str | None:
    """Return a figure as the address of a picture within the page, the same text for the same figure."""
    if figure is None:
        return None
    buffer = io.BytesIO()
    # without the library's version and a date, equal figures are equal bytes
    figure.savefig(buffer, format="png", dpi=_PAGE_DPI, metadata={"Software": None})
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
