"""The verifier as one file: its parts put together, in the order in which they need each other."""

from __future__ import annotations

import ast
from pathlib import Path

VERIFIER = "verify_evidence.py"
PARTS = (
    "rows", "sums", "draws", "facts", "given", "orders", "ranks", "blocks", "pictures", "venues", "benchmarks",
    "groups", "executive", "compared", "control", "estimates", "quality", "monitoring", "main",
)  # fmt: skip
_FOLDER = Path(__file__).with_name("verifier")


def verifier_file() -> str:
    """The text of `verify_evidence.py`: one docstring, the imports of all parts, then each part under its own line."""
    imports: set[str] = set()
    bodies = []
    says = ""
    for part in PARTS:
        text = (_FOLDER / f"{part}.py").read_text(encoding="utf-8")
        told, own, body = _apart(text)
        imports |= own
        title = told.splitlines()[0]
        if part == "main":
            says, title = told, "comparing, and the command line"
        bodies.append(f"# --- {title} {'-' * max(0, 113 - len(title))}\n\n{body}")
    head = f'#!/usr/bin/env python3\n"""{says}"""\n\n' + "\n".join(sorted(imports)) + "\n"
    return head + "\n\n" + "\n\n".join(bodies)


def _apart(text: str) -> tuple[str, set[str], str]:
    """The docstring of a part, its imports from the standard library, and the rest of it."""
    tree = ast.parse(text)
    lines = text.splitlines(keepends=True)
    imports, last = set(), 0
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if not getattr(node, "level", 0):
                imports.add(ast.unparse(node))
            last = node.end_lineno or last
    if not last:
        last = tree.body[0].end_lineno or 0
    return ast.get_docstring(tree, clean=False) or "", imports, "".join(lines[last:]).lstrip("\n")
