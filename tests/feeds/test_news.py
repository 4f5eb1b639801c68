"""Headlines: times, symbols, sources by the names that files give them; bad rows are faults, scores are asked for."""

from __future__ import annotations

import builtins
import json
import random
from importlib import metadata
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from workbook import workbook

from tcakit.errors import DataError, UsageError
from tcakit.feeds import sentiment
from tcakit.feeds.contract import Faults, ReaderOptions, Source
from tcakit.feeds.files import detect
from tcakit.feeds.news import NewsReader
from tcakit.market import schema

TEN = 1_704_189_600_000_000_000  # 2024-01-02 10:00 UTC
SECOND = 10**9


def read(data: str | bytes, name: str = "news.csv", **options: Any) -> tuple[list[dict[str, Any]], Faults]:
    content = data.encode() if isinstance(data, str) else data
    source = Source(name, (Path(name),), ((name, content),), "")
    assert detect(source).name == "news"
    faults = Faults()
    rows: list[dict[str, Any]] = []
    for batch in NewsReader().read(source, ReaderOptions(**options), faults):
        assert (batch.table, batch.content) == ("news", "news")
        schema.NEWS.conform(batch.frame.with_columns(ingest_key=pl.lit("x")))
        rows += batch.frame.to_dicts()
    return rows, faults


def test_a_row_for_each_symbol_that_a_headline_names() -> None:
    text = (
        "published_at,title,tickers,publisher,link\n"
        '2024-01-02T10:00:00Z,"Amazon and  Apple\nagree",AMZN;AAPL;AMZN,Wire,https://example.com/1\n'
        "2024-01-02T10:00:01.5+00:00,Rates stay,,,\n"
    )
    rows, faults = read(text)
    assert faults.found == []
    first = {
        "ts_ns": TEN, "symbol": "AMZN", "headline": "Amazon and Apple agree", "source": "Wire",
        "url": "https://example.com/1", "sentiment": None, "sentiment_by": None,
    }  # fmt: skip
    assert rows[:2] == [first, {**first, "symbol": "AAPL"}]
    assert (rows[2]["ts_ns"], rows[2]["symbol"], rows[2]["source"]) == (TEN + 1_500_000_000, None, None)
    assert faults.rows == 2


@pytest.mark.parametrize(
    ("header", "time", "options"),
    [
        ("timestamp", "1704189600", {}),
        ("time", "2024-01-02 05:00:00", {"timezone": "America/New_York"}),
        ("datetime", "2024-01-02 10:00", {"timezone": "UTC"}),
        ("published_utc", "2024-01-02 10:00:00", {"timezone": "Asia/Tokyo"}),
        ("time_published", "20240102T100000", {"timezone": "UTC"}),
        ("pubDate", '"Tue, 02 Jan 2024 10:00:00 GMT"', {}),
        ("published", '"Tue, 2 Jan 2024 05:00:00 -0500"', {}),
        ("time", "10:00", {"timezone": "UTC", "date": "2024-01-02"}),
    ],
)
def test_times(header: str, time: str, options: dict[str, str]) -> None:
    rows, faults = read(f"{header},headline\n{time},x\n", **options)
    assert ([row["ts_ns"] for row in rows], faults.found) == ([TEN], [])


def test_a_column_in_utc_is_taken_before_one_that_is_not() -> None:
    (row,), _ = read('published,published_utc,title\n"Tue, 02 Jan 2024 11:00:00",2024-01-02T10:00:00,x\n')
    assert row["ts_ns"] == TEN


@pytest.mark.parametrize(
    ("cell", "symbols"),
    [
        ("AAPL", ["AAPL"]),
        ("$AAPL|BRK B", ["AAPL", "BRK B"]),
        ('"[""AAPL"", ""MSFT""]"', ["AAPL", "MSFT"]),
        ("\"['AAPL', 'MSFT']\"", ["AAPL", "MSFT"]),
        ('"[{""ticker"": ""MSFT"", ""relevance"": 1}]"', ["MSFT"]),
        ("nan", [None]),
        ("[]", [None]),
    ],
)
def test_symbols(cell: str, symbols: list[str | None]) -> None:
    rows, faults = read(f"ts,headline,symbols\n1704189600,x,{cell}\n")
    assert ([row["symbol"] for row in rows], faults.found) == (symbols, [])


def test_the_users_symbol_stands_where_the_file_has_none() -> None:
    rows, _ = read("ts,headline,symbol\n1704189600,x,\n1704189600,y,B\n", symbol="A")
    assert [row["symbol"] for row in rows] == ["A", "B"]


def test_json_lists_and_lines() -> None:
    entry = {"published_utc": "2024-01-02T10:00:00Z", "title": "x", "tickers": ["A", "B"], "publisher": {"name": "W"}}
    for text in (json.dumps([entry]), json.dumps(entry) + "\n" + json.dumps({**entry, "tickers": None})):
        rows, faults = read(text, "news.jsonl")
        assert [row["symbol"] for row in rows][:2] == ["A", "B"]
        assert ({row["source"] for row in rows}, faults.found) == ({"W"}, [])


def test_half_a_character_is_no_text() -> None:
    """JSON can write a lone surrogate, which neither a frame nor the store can hold."""
    good = {"timestamp": "2024-01-02T10:00:00Z", "headline": "sound \u00e9", "symbols": "A"}
    bad = {**good, "headline": "\ud800"}
    for text in (json.dumps([good, bad]), json.dumps(good) + "\n" + json.dumps(bad) + "\n"):
        rows, faults = read(text, "news.jsonl")
        assert [row["headline"] for row in rows] == ["sound \u00e9"]
        assert [(fault.line, fault.reason[:16]) for fault in faults.found] == [(2, "half a character")]


def test_workbooks_and_parquet(tmp_path: Path) -> None:
    rows = [["ts", "headline"], ["2024-01-02T10:00:00Z", "x"]]
    source = Source("news.xlsx", (), (("news.xlsx", workbook(News=rows)),), "")
    (batch,) = NewsReader().read(source, ReaderOptions(), Faults())
    path = tmp_path / "news.parquet"
    pl.DataFrame({"ts": ["2024-01-02T10:00:00Z"], "headline": ["x"]}).write_parquet(path)
    (other,) = NewsReader().read(Source("p", (path,), (("p", path),), ""), ReaderOptions(), Faults())
    assert batch.frame["ts_ns"].to_list() == [TEN]
    assert other.frame.equals(batch.frame)
    assert NewsReader().sniff(path, path.read_bytes())


def test_bad_rows_are_faults_with_their_lines() -> None:
    text = "timestamp,headline,symbols\n2024-01-02T10:00:00Z,a,\nsoon,b,\n,c,\n2024-01-02T10:00:00Z,,\n"
    text += '2024-01-02T10:00:00Z,d,"[1, 2]"\n2024-01-02T10:00:00Z\n2024-01-02T10:00:00Z,e,' + "x" * 65 + "\n"
    rows, faults = read(text)
    assert [row["headline"] for row in rows] == ["a"]
    told = {(fault.line, fault.reason.split(" ")[0]) for fault in faults.found}
    assert told == {(3, "time"), (4, "time"), (5, "headline"), (6, "symbols"), (7, "1"), (8, "symbols")}
    assert faults.rows == 7


def test_a_headline_given_twice_is_one() -> None:
    rows, faults = read("ts,headline,symbol\n1704189600,x,A\n1704189600,x,A\n1704189601,x,A\n")
    assert (len(rows), faults.counts) == (2, {"repeated headlines": 1})


def test_files_that_are_no_news() -> None:
    reader = NewsReader()
    for head in (b"timestamp,price,size\n", b"headline,symbol\n", b'{"title": "x"}\n', b'[{"title": "x', b"\x00\x01"):
        assert not reader.sniff(Path("x.csv"), head)
    source = Source("x.csv", (), (("x.csv", b"title,symbol\nx,A\n"),), "")
    with pytest.raises(DataError, match="no column of times among title, symbol"):
        list(reader.read(source, ReaderOptions(), Faults()))
    with pytest.raises(DataError, match="no zone"):
        read("time,headline\n2024-01-02 10:00,x\n")


def test_headlines_are_scored_when_asked_for() -> None:
    by = sentiment.lexicon()
    assert by == f"vaderSentiment {metadata.version('vaderSentiment')}"
    text = "ts,headline\n1704189600,Bank fined for fraud\n1704189601,Great success\n1704189602,Minutes of the meeting\n"
    rows, _ = read(text, sentiment=by)
    bad, good, silent = rows
    assert (bad["sentiment"], bad["sentiment_by"]) == (-0.5859, by)
    assert 0 < good["sentiment"] <= 1
    # A word list that knows no word of it has not said that it is neutral.
    assert (silent["sentiment"], silent["sentiment_by"]) == (None, None)


def test_without_the_lexicon_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(sentiment.metadata, "version", missing)
    for call in (sentiment.lexicon, lambda: sentiment.scores(["x"])):
        with pytest.raises(UsageError, match=r"tcakit\[news\]"):
            call()


def test_scoring_asks_nothing_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def offline(name: str, *rest: Any, **named: Any) -> Any:
        assert name.split(".")[0] not in ("requests", "urllib3", "socket"), name
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", offline)
    assert sentiment.scores(["Bank fined for fraud"]) == [-0.5859]


def test_mutations_give_rows_faults_or_one_error() -> None:
    chance = random.Random(11)
    table = "published_at,title,tickers\n" + "".join(
        f"2024-01-02T10:00:{second:02d}Z,headline {second},A;B\n" for second in range(5)
    )
    lines = "".join(
        json.dumps({"timestamp": 1_704_189_600 + second, "headline": "x", "symbols": ["A", {"ticker": "B"}]}) + "\n"
        for second in range(5)
    )
    for trial in range(300):
        raw = bytearray((table if trial % 2 else lines).encode())
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(raw))
            if chance.random() < 0.5:
                raw[at] = chance.randrange(256)
            else:
                del raw[at : at + chance.randint(1, 40)]
        source = Source("x", (), (("x", bytes(raw)),), "")
        faults = Faults()
        try:
            batches = list(NewsReader().read(source, ReaderOptions(), faults))
        except DataError:
            continue
        assert all(fault.reason and fault.line > 0 for fault in faults.found), trial
        for batch in batches:
            schema.NEWS.conform(batch.frame.with_columns(ingest_key=pl.lit("x")))


@pytest.mark.real
def test_a_week_of_headlines(real_data: Path) -> None:
    path = real_data / "news" / "fx_news_headlines_2025-08.csv"
    rows, faults = read(path.read_bytes())
    assert (len(rows), faults.found) == (127, [])
    assert rows[0]["ts_ns"] == 1_754_939_006 * SECOND  # Mon, 11 Aug 2025 19:03:26 Z
    assert {row["symbol"] for row in rows} == {None}
    by_mail = path.read_text(encoding="utf-8").replace("published_utc", "remark")
    assert [row["ts_ns"] for row in read(by_mail)[0]] == [row["ts_ns"] for row in rows]
