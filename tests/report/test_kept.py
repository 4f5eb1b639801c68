"""What is kept between reports is what would have been made anew, whatever became of the file."""

from __future__ import annotations

import jinja2
import pytest

from tcakit.report import kept


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "compiled_folder", lambda: tmp_path)
    return tmp_path


def test_a_thing_is_made_once_and_anew_where_its_file_was_cut_off(folder) -> None:
    assert kept.kept("ground", lambda: b"first") == b"first"
    assert kept.kept("ground", lambda: b"second") == b"first"
    assert kept.kept("other ground", lambda: b"other") == b"other"
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes()[:-1])
    assert kept.kept("ground", lambda: b"third") == b"third"


def shown(text: str) -> str:
    loader = jinja2.DictLoader({"page": text})
    environment = jinja2.Environment(loader=loader, autoescape=True, bytecode_cache=kept.KeptTemplates())
    return environment.get_template("page").render(xs=["<", 2])


def test_a_kept_template_is_compiled_anew_where_its_text_changed_or_its_file_was_cut_off(folder) -> None:
    text = "{% macro shown(x) %}<b>{{ x }}</b>{% endmacro %}{% for x in xs %}{{ shown(x) }}{% endfor %}"
    plain = jinja2.Environment(autoescape=True).from_string(text).render(xs=["<", 2])
    assert [shown(text), shown(text)] == [plain, plain]
    (file,) = folder.iterdir()
    for length in (len(file.read_bytes()) // 2, 10, 0):
        file.write_bytes(file.read_bytes()[:length])
        assert shown(text) == plain
    assert shown("{{ xs[1] }}") == "2"


def test_a_template_that_cannot_be_kept_is_shown_all_the_same(folder, monkeypatch) -> None:
    def full(self, bucket):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jinja2.FileSystemBytecodeCache, "dump_bytecode", full)
    assert shown("{{ xs[1] }}") == "2"
    assert not list(folder.iterdir())
