"""News in the store: put and dropped like all that comes from files, told by the catalog, scored when asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tcakit.cli.main import application
from tcakit.errors import DataError, UsageError
from tcakit.feeds import files, mapping
from tcakit.feeds.contract import ReaderOptions
from tcakit.jobs.catalog import catalog, drop
from tcakit.jobs.ingest import IngestRequest, ingest
from tcakit.jobs.suggest_mapping import suggest_mapping
from tcakit.store.database import Store

HEAD = "published_at,headline,symbols,source\n"
FIRST = "2024-01-02T10:00:00Z,Bank fined for fraud,A;B,Wire\n"
SECOND = "2024-01-02T11:00:00Z,Rates stay,,\n"
THIRD = "2024-01-03T10:00:00Z,Great success,A,Wire\n"


def put(folder: Path, name: str, text: str, **options: str) -> int:
    path = folder / name
    path.write_text(HEAD + text, encoding="utf-8")
    return int(ingest(folder / "store", IngestRequest([str(path)], ReaderOptions(**options)))["rows"])


def held(folder: Path) -> list[tuple[str, str | None, float | None]]:
    with Store(folder / "store").read_results() as connection:
        return connection.execute("SELECT headline, symbol, sentiment FROM news ORDER BY ts_ns, symbol").fetchall()


def test_headlines_are_stored_once_and_dropped(tmp_path: Path) -> None:
    assert put(tmp_path, "monday.csv", FIRST + SECOND) == 3
    # Tuesday's export has Monday's headlines in it.
    assert put(tmp_path, "tuesday.csv", FIRST + SECOND + THIRD) == 1
    assert [row[0] for row in held(tmp_path)] == ["Bank fined for fraud"] * 2 + ["Rates stay", "Great success"]
    told = catalog(tmp_path / "store")["news"]
    assert (told["headlines"], told["symbols"], told["first_ts"][:10]) == (3, 2, "2024-01-02")
    assert drop(tmp_path / "store", "monday.csv")["rows"] == 3
    assert [row[0] for row in held(tmp_path)] == ["Great success"]
    assert put(tmp_path, "monday.csv", FIRST + SECOND) == 3


def test_scoring_a_stored_file_takes_the_place_of_what_it_gave(tmp_path: Path) -> None:
    from tcakit.feeds.sentiment import lexicon

    put(tmp_path, "news.csv", FIRST + SECOND)
    assert put(tmp_path, "news.csv", FIRST + SECOND, sentiment=lexicon()) == 3
    assert held(tmp_path) == [
        ("Bank fined for fraud", "A", -0.5859), ("Bank fined for fraud", "B", -0.5859), ("Rates stay", None, None)
    ]  # fmt: skip


def test_a_file_with_too_many_bad_rows_leaves_nothing(tmp_path: Path) -> None:
    put(tmp_path, "news.csv", THIRD)
    with pytest.raises(DataError, match="1 of 2 rows are bad"):
        put(tmp_path, "bad.csv", FIRST + "soon,x,,\n")
    assert len(held(tmp_path)) == 1


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "news.csv"
    path.write_text(HEAD + FIRST + SECOND, encoding="utf-8")
    arguments = ["ingest", str(path), "--store", str(tmp_path / "store"), "--sentiment"]
    assert CliRunner().invoke(application(), arguments).exit_code == 0
    assert held(tmp_path)[0][2] == -0.5859
    shown = CliRunner().invoke(application(), ["catalog", "--store", str(tmp_path / "store")]).output
    assert "news: 2 headlines of 2 symbols, 2024-01-02 to 2024-01-02" in shown

    def missing() -> str:
        raise UsageError("not installed", place="--sentiment", remedy='pip install "tcakit[news]"')

    monkeypatch.setattr("tcakit.feeds.sentiment.lexicon", missing)
    failed = CliRunner().invoke(application(), arguments)
    assert isinstance(failed.exception, UsageError)


def test_the_help_names_every_format_and_every_ready_mapping() -> None:
    shown = " ".join(CliRunner().invoke(application(), ["ingest", "--help"]).output.split())
    assert ", ".join(files.READERS) in shown
    assert ", ".join(mapping.ready_names()) in shown


def test_a_mapping_is_drafted_from_workbooks_and_json_too(tmp_path: Path) -> None:
    import json

    entry = {"execId": "1", "Ticker": "A", "Side": "B", "Px": 1.5, "Qty": 2, "Time": "2024-01-02T10:00:00Z"}
    for name, text in (("fills.json", json.dumps([entry])), ("fills.jsonl", json.dumps(entry) + "\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        drafted = suggest_mapping([str(tmp_path / name)])
        assert 'fill_id = "execId"' in drafted
        assert 'price = "Px"' in drafted
    assert "timezone" not in drafted
