"""Collect the mistakes of a mapping file, so that all of them are told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tcakit.registry import nearest


class Checker:
    """The mistakes of one file; `place` is how people know it."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.mistakes: list[tuple[str, str, str]] = []

    def add(self, where: str, message: str, remedy: str) -> None:
        self.mistakes.append((f"{self.place}, {where}" if where else self.place, message, remedy))

    def unknown(self, where: str, word: str, known: Sequence[str]) -> None:
        guess = nearest(word, list(known))
        hint = f"did you mean {guess!r}? " if guess else ""
        self.add(where, f"unknown key {word!r}", f"{hint}known are {', '.join(known)}")

    def typed(self, raw: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
        value = raw.get(key, default)
        if key in raw and not isinstance(value, kind):
            words = {str: "a text", bool: "true or false", dict: "a table"}
            self.add(key, f"{value!r} is not {words[kind]}", f"write {words[kind]}")
            return default
        return value
