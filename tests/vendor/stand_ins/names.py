"""Names that C++ headers declare: classes, enums, typedefs, and functions marked for Python."""

import re
from pathlib import Path

_PATTERNS = (
    r"\b(?:class|struct|enum|enum class|enum struct)\s+"
    r"(?:GENPYBIND\((?:[^()]|\([^()]*\))*\)\s*|SYMBOL_VISIBLE\s*|\[\[.*?\]\]\s*)*(\w+)",
    r"\b(?:class|struct)\s+SYMBOL_VISIBLE\s+GENPYBIND\((?:[^()]|\([^()]*\))*\)\s*(\w+)",
    r"typedef\s[^;]*?\b(\w+)\s*(?:GENPYBIND\([^;]*\))?\s*;",
    r"using\s+(\w+)\s*(?:GENPYBIND\([^;]*\))?\s*=",
    r"GENPYBIND\((?:[^()]|\([^()]*\))*\)[^;{]*?\b(\w+)\s*\(",
    r"expose_as\((\w+)\)",
    r'"(\w+)"',  # names given to pybind11 by hand
    r"\b(\w+)\s*\([^;{}]*\)\s*(?:const)?\s*(?:SYMBOL_VISIBLE)?\s*GENPYBIND",
)
_ENDINGS = {".h", ".hpp", ".tcc", ".cpp", ".in"}


def declared(folder: Path) -> set[str]:
    """Return the names that the headers below a folder declare."""
    found: set[str] = set()
    for path in folder.rglob("*"):
        if path.suffix in _ENDINGS and path.is_file():
            text = path.read_text(errors="replace")
            for pattern in _PATTERNS:
                found.update(re.findall(pattern, text, re.DOTALL))
    return found
