"""Wrong input: a sentence, a place, a remedy, the right exit code, and a store that is as it was."""

from __future__ import annotations

import gzip
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_TRADES = "ts,symbol,price,size\n"
_PARENT = "backtest --symbol ALFA --side buy --quantity 100 --algo twap"


@pytest.fixture
def files(store: Path) -> Path:
    """The folder of the store with every sort of bad file in it."""
    folder = store.parent
    archive = (folder / "sample_data/lobster/ALFA_2026-03-04_34200000_57600000_5.zip").read_bytes()
    (folder / "empty.csv").write_bytes(b"")
    (folder / "cut.zip").write_bytes(archive[:3000])
    (folder / "cut.csv.gz").write_bytes(gzip.compress(_TRADES.encode() * 5000)[:60])
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 20)
    (folder / "header.csv").write_text(_TRADES)
    (folder / "long.csv").write_text("x" * 2_000_000)
    (folder / "noprice.csv").write_text("order_id,side,qty\n1,buy,3\n")
    (folder / "noprice.toml").write_text(
        'table = "fills"\n[columns]\nfill_id = "order_id"\nside = "side"\nquantity = "qty"\n'
    )
    (folder / "broken.toml").write_text("ok = 1\na = = 3\n")
    (folder / "folder.toml").mkdir()
    (folder / "nothing").mkdir()
    (folder / "other").mkdir()
    (folder / "other" / "letter.txt").write_text("dear")
    (folder / "newer").mkdir()
    (folder / "newer" / "store.json").write_text('{"format": 99}')
    (folder / "baddays" / "days").mkdir(parents=True)
    (folder / "baddays" / "store.json").write_text((store / "store.json").read_text())
    (folder / "baddays" / "days" / "2026-03-03.duckdb").write_text("no database at all")
    return folder


_SCHEDULE = "schedule --quantity 1000 --adv 100000 --volatility 2%"
_AC = "schedule --quantity 1e6 --algo almgren-chriss --days 5 --volatility-currency 1"
_AC = f"{_AC} --permanent 1e-7 --temporary 2.5e-6"
_ESTIMATE = "estimate --quantity 100 --adv 10000 --volatility 2%"
CASES = [
    # command, exit code, words of the message
    ("ingest nope.csv", 2, "no such file"),
    ("ingest emty.csv", 2, "did you mean empty.csv"),
    ("ingest empty.csv", 3, "empty"),
    ("ingest cut.zip", 3, "damaged or cut short"),
    ("ingest cut.csv.gz", 3, "damaged or cut short"),
    ("ingest binary.csv", 3, "binary"),
    ("ingest header.csv --symbol A", 3, "below the header"),
    ("ingest long.csv", 3, "not recognised"),
    ("ingest nothing", 2, "no files to ingest"),
    ("ingest noprice.csv --mapping noprice.toml", 2, "price"),
    ("ingest noprice.csv --mapping broken.toml", 2, "line 2"),
    ("ingest noprice.csv --mapping nope.toml", 2, "nope.toml"),
    ("ingest header.csv --format lobstr", 2, "lobster"),
    ("ingest sample_data/blotter --store other", 2, "holds other things"),
    ("ingest header.csv --max-faults 2", 2, "max-faults"),
    ("catalog --store nowhere", 2, "no store here"),
    ("catalog --store other", 2, "no store here"),
    ("catalog --store newer", 3, "format 99"),
    ("catalog --store baddays", 3, "2026-03-03.duckdb"),
    ("catalog --store empty.csv", 2, "no store here"),
    ("simulate run --events 10 --store empty.csv", 2, "empty.csv"),
    ("simulate run --events 0", 2, "events"),
    ("simulate run --price nan", 2, "price"),
    ("simulate run --like zulu", 2, "--like"),
    ("simulate run --date 2026-02-30", 2, "no date"),
    ("simulate run --symbol a/b --out x", 2, "--symbol"),
    ("simulate fit ALFA --date 2026-03-03 --out alfa.json", 2, ".toml"),
    ("simulate fit ALFA --date 2026-03-03 --starts 2", 2, "starts"),
    ("simulate fit NONE", 2, "NONE"),
    ("simulate run --format foo --out x", 2, "lobster, itch, csv"),
    ("simulate run --events 2000 --out empty.csv", 2, "empty.csv"),
    ("backtest nope.toml", 2, "no such file"),
    ("backtest --symbol A --side buy --quantity 1 --algo twap --market simulated --engine bars", 2, "give one"),
    ("backtest --symbol A --side buy --quantity 1 --algo twap --market else", 2, "known are"),
    ("backtest broken.toml", 2, "broken.toml:2"),
    ("backtest folder.toml", 2, "cannot be read"),
    ("backtest broken.toml --symbol ALFA", 2, "say it in the file"),
    ("backtest --symbol ALFA", 2, "--side, --quantity, --algo missing"),
    (_PARENT.replace("ALFA", "ALFB"), 2, "did you mean ALFA?"),
    ("backtest --orders", 2, "--algo"),
    ("backtest --against fills", 2, "not when it was sent"),
    ("backtest --against fills --algo twap", 2, "--against, and --algo too"),
    ("backtest --against fills --queue logg", 2, "did you mean 'log'?"),
    ("backtest --against fills --latency soon", 2, "--latency"),
    ("backtest --against latest", 2, "no run is stored"),
    ("backtest --orders --algo vwap --symbol ALFA", 2, "--symbol"),
    ("backtest --orders --algo vwpa", 2, "did you mean 'vwap'?"),
    ("backtest --orders --algo vwap --where brokr=A", 2, "did you mean broker?"),
    ("backtest --orders --algo vwap --by brokr", 2, "did you mean broker?"),
    ("backtest --orders --algo vwap --from soon", 2, "--from"),
    (f"{_PARENT} --where broker=A", 2, "--where without --orders"),
    ("compare latest", 2, "nothing to compare with"),
    ("compare latest latest", 2, "no run is stored"),
    ("compare a b --orders", 2, "give a second run, or --orders"),
    ("compare latest --orders --measure shortfal", 2, "no run is stored"),
    (f"{_PARENT} --date 2026-13-01", 2, "--date"),
    (f"{_PARENT} --date 2026-03-09", 2, "2026-03-09"),
    (f"{_PARENT} --start 25:00", 2, "--start"),
    (f"{_PARENT} --end noon", 2, "--end"),
    (f"{_PARENT} --start 12:00 --end 11:00", 2, "not after the start"),
    (f"{_PARENT} --start 04:00 --end 05:00", 2, "outside"),
    (f"{_PARENT} --latency 1x", 2, "no duration"),
    (f"{_PARENT} --queue fif", 2, "did you mean 'fifo'?"),
    (f"{_PARENT} --limit -1", 2, "--limit"),
    (f"{_PARENT} --maker-fee nan", 2, "--maker-fee"),
    (f"{_PARENT} --fees none.toml", 2, "none.toml: no such file"),
    (f"{_PARENT} --wait nan", 2, "--wait"),
    (_PARENT.replace("buy", "bye"), 2, "did you mean 'buy'?"),
    (_PARENT.replace("twap", "vwpa"), 2, "did you mean 'vwap'?"),
    (_PARENT.replace("twap", "is"), 2, "is:30m"),
    (_PARENT.replace("twap", "is:-3m"), 2, "no duration"),
    (_PARENT.replace("twap", "pov:0"), 2, "participation"),
    (_PARENT.replace("twap", "pov:10,clip=x"), 2, "clip"),
    *((_PARENT.replace("100", number), 2, "--quantity") for number in ("0", "-5", "nan", "inf", "1e30")),
    (_PARENT.replace("100", "0.5"), 2, "lot"),
    (f"{_PARENT} --engine bar", 2, "did you mean 'bars'?"),
    (f"{_PARENT} --interval 1m", 2, "the replay engine has no --interval"),
    (f"{_PARENT} --engine bars --queue fifo --latency 2ms", 2, "the bars engine has no --queue, --latency"),
    (f"{_PARENT} --engine bars --interval 1ms", 2, "--interval"),
    (f"{_PARENT} --engine bars --max-participation 0", 2, "--max-participation"),
    (f"{_PARENT} --engine bars --spread-fraction nan", 2, "--spread-fraction"),
    (f"{_PARENT} --engine bars --impact sqrt", 2, "square-root"),
    (f"{_PARENT} --engine bars --impact-prefactor -1", 2, "--impact-prefactor"),
    ("report", 2, "no run is stored"),
    ("report --run 9999", 2, "tcakit backtest"),
    ("report --run 1 --orders", 2, "one of the two"),
    ("report --orders --out x.doc", 2, ".html"),
    ("report --orders --from 2026-05-01 --to 2026-04-01", 2, "is after"),
    ("report --orders --out empty.csv/x.html", 2, "empty.csv"),
    ("book ALFB --at 11:00", 2, "did you mean ALFA?"),
    ("book ALFA --at 99:00", 2, "--at"),
    ("book ALFA --at 11:00 --venue XLON", 2, "XLON"),
    ("book ALFA --at 01:00", 3, "nothing of ALFA"),
    (f"{_PARENT} --engine bars --check-lookahead", 2, "--check-lookahead"),
    ("backtest --orders --algo twap --check-lookahead", 2, "--check-lookahead"),
    ("sweep nope.toml", 2, "no such file"),
    ("sweep sweep.toml --out sweep.pdf", 2, ".html"),
    ("sweep broken.toml", 2, "broken.toml:2"),
    ("fill-curves ALFB", 2, "did you mean ALFA?"),
    ("fill-curves ALFA --every 0s", 2, "--every"),
    ("fill-curves ALFA --every 1ns", 2, "take a longer time"),
    ("fill-curves ALFA --every 200d", 2, "take a shorter time"),
    ("fill-curves ALFA --horizon soon", 2, "--horizon"),
    ("fill-curves ALFA --quantity 0.5", 2, "--quantity"),
    ("fill-curves ALFA --quantity nan", 2, "--quantity"),
    ("fill-curves ALFA --queue-rule loog", 2, "did you mean 'log'?"),
    ("fill-curves ALFA --queue fifo", 2, "level-3"),
    ("fill-curves ALFA --out curves.pdf", 2, ".html"),
    ("estimate --symbol ALFA", 2, "--quantity"),
    ("estimate --orders --symbol ALFA --adv 5", 2, "--symbol, --adv too"),
    ("estimate --orders --model square-rot", 2, "did you mean 'square-root'?"),
    ("estimate --orders --store nowhere", 2, "no store here"),
    ("estimate --quantity 100 --symbol ALFB --date 2026-03-04", 2, "--adv"),
    (f"{_ESTIMATE} --volatility 2", 2, "write 2%"),
    (f"{_ESTIMATE} --half-spread -1", 2, "--half-spread"),
    (f"{_ESTIMATE} --price 0", 2, "--price"),
    (f"{_ESTIMATE} --adv nan", 2, "--adv"),
    (f"{_ESTIMATE} --side long", 2, "--side"),
    (f"{_ESTIMATE} --participation 0", 2, "--participation"),
    (f"{_ESTIMATE} --participation 10% --duration 1h", 2, "leave one of them out"),
    (f"{_ESTIMATE} --duration soon", 2, "--duration"),
    (f"{_ESTIMATE} --session 9-5 --duration 1h", 2, "--session"),
    (f"{_ESTIMATE} --tz Europe/Lodnon", 2, "no time zone"),
    (f"{_ESTIMATE} --model square-rot", 2, "did you mean 'square-root'?"),
    (f"{_ESTIMATE} --model linear", 2, "linear,coefficient=1"),
    (f"{_ESTIMATE} --fit abc", 2, "no fit called 'abc'"),
    (f"{_ESTIMATE} --date 2026-13-01", 2, "--date"),
    ("schedule --symbol ALFA", 2, "--quantity"),
    (f"{_SCHEDULE} --algo vwpa", 2, "did you mean 'vwap'?"),
    (f"{_SCHEDULE} --algo is", 2, "is:30m"),
    (f"{_SCHEDULE} --algo pov", 2, "pov:10"),
    (f"{_SCHEDULE} --algo almgren-chris", 2, "did you mean 'almgren-chriss'?"),
    (f"{_SCHEDULE} --algo obizhaeva-wang", 2, "nothing is published"),
    (f"{_SCHEDULE} --participation 0.1%", 2, "do not fit"),
    (f"{_SCHEDULE} --interval 0s", 2, "--interval"),
    (f"{_SCHEDULE} --interval 1ms", 2, "--interval"),
    (f"{_SCHEDULE} --slices 5 --interval 5m", 2, "one of the two"),
    (f"{_SCHEDULE} --start noon", 2, "--start"),
    (f"{_SCHEDULE} --no-trade 11:00", 2, "11:00-11:30"),
    (f"{_SCHEDULE} --auction noon:5%", 2, "close:8%"),
    (f"{_SCHEDULE} --auction close:8% --auction close:2%", 2, "once each"),
    (f"{_SCHEDULE} --auction open:50% --auction close:50%", 2, "whole day"),
    (f"{_SCHEDULE} --model square-root", 2, "every schedule is as good"),
    (f"{_SCHEDULE} --days 5", 2, "almgren-chriss"),
    (f"{_SCHEDULE} --time 5", 2, "it is of obizhaeva-wang"),
    (f"{_SCHEDULE} --out plan.pdf", 2, ".html"),
    (f"{_SCHEDULE} --risk-aversion 1", 2, "vwap has no urgency"),
    ("schedule --quantity 1000 --algo almgren-chriss --days 5", 2, "--volatility-currency"),
    ("schedule --quantity 1000 --algo almgren-chriss --symbol ALFA", 2, "--symbol"),
    (f"{_AC} --risk-aversion 1e-6 --slices 1 --permanent 1.0001e-3", 2, "use 1001 intervals"),
    (f"{_AC} --risk-aversion -1", 2, "risk aversion"),
    (f"{_AC} --half-life 30m", 2, "trading days"),
    (_AC, 2, "neither of --risk-aversion"),
    ("schedule --quantity 100 --algo obizhaeva-wang --time 60m --half-life 5 --depth 9", 2, "one without"),
    ("drop nope.csv", 2, "nope.csv"),
    ("drop ''", 2, "too short"),
    ("sql ''", 2, "one SELECT"),
    ("sql 'SELEC 1'", 2, "syntax"),
    ("sql 'SELECT * FROM fils'", 2, "fils"),
    ("sql 'SELECT 1' --date 2026-03-09", 2, "2026-03-09"),
    ("batch nope.toml", 2, "no such file"),
    ("batch broken.toml", 2, "broken.toml:2"),
    ("batch status --store nowhere", 2, "no store here"),
    ("demo --sample nowhere", 2, "--sample"),
    ("catalgo", 2, "catalog"),
    ("catalog --fils", 2, "--files"),
    (f"{_PARENT} --impact-se 0.1", 2, "--impact-se without a model"),
    (f"{_PARENT} --impact-model obizhaeva-wan", 2, "did you mean 'obizhaeva-wang'"),
    (f"{_PARENT} --impact-model square-root", 2, "law of whole orders"),
    (f"{_PARENT} --impact-model linear,coefficient=1 --impact-layers leger", 2, "--impact-layers"),
    (f"{_PARENT} --impact-scenarios", 2, "--impact-scenarios without impact"),
    (f"{_PARENT} --engine bars --impact-model linear,coefficient=1", 2, "the bars engine has no --impact-model"),
    (f"{_PARENT} --daily-volume 1e6", 2, "the replay engine has no --daily-volume"),
]


@pytest.mark.parametrize(("words", "code", "message"), [pytest.param(*case, id=case[0]) for case in CASES])
def test_wrong_input_is_told_in_words(
    tcakit: Callable, held: Callable, made_content: dict, files: Path, words: str, code: int, message: str
) -> None:
    told = tcakit(*shlex.split(words))
    assert told.code == code, told.err
    assert told.out == ""
    assert told.err.startswith("tcakit")
    assert message in told.err

    told = tcakit(*shlex.split(words), "--json")
    assert (told.code, told.err) == (code, "")
    error = told.json["error"]
    assert {"code", "message", "place", "remedy"} <= error.keys()
    assert error["remedy"]
    assert held(files / "tcakit-store") == made_content


@pytest.mark.usefixtures("store")
def test_all_mistakes_of_a_file_are_told_at_once(tcakit: Callable) -> None:
    Path("wrong.toml").write_text(
        '[backtest]\nqueu = "fifo"\n[latency]\nfeed = "1 parsec"\n[[parents]]\nsymbol = "ALFA"\nside = "bye"\n'
        'quantity = inf\nalgo = "vwpa"\nstart = "25:99"\n[fee]\nmaker_bps = 1.0\n'
    )
    told = tcakit("backtest", "wrong.toml", "--json")
    assert told.code == 2
    mistakes = {mistake["place"]: mistake["remedy"] for mistake in told.json["error"]["mistakes"]}
    assert list(mistakes) == [
        "wrong.toml:2 [backtest].queu",
        "wrong.toml:4 [latency].feed",
        "wrong.toml:7 [parents].side",
        "wrong.toml:8 [parents].quantity",
        "wrong.toml:9 [parents].algo",
        "wrong.toml:10 [parents].start",
        "wrong.toml:11 [fee]",
    ]
    assert mistakes["wrong.toml:2 [backtest].queu"] == "did you mean 'queue'?"
    assert mistakes["wrong.toml:7 [parents].side"] == "did you mean 'buy'?"
    assert "did you mean 'vwap'?" in mistakes["wrong.toml:9 [parents].algo"]
    assert mistakes["wrong.toml:11 [fee]"] == "did you mean [fees]?"


@pytest.mark.usefixtures("store")
def test_all_mistakes_of_the_flags_are_told_at_once(tcakit: Callable) -> None:
    told = tcakit(
        *shlex.split("backtest --symbol ALFA --side by --quantity 0 --quantity nan --algo is --date x --json")
    )
    places = [mistake["place"] for mistake in told.json["error"]["mistakes"]]
    assert places == ["--side", "--quantity", "--quantity", "--algo", "--date"]


@pytest.mark.usefixtures("store")
def test_a_fee_file_stands_alone_and_is_what_a_run_pays(tcakit: Callable) -> None:
    Path("broker.toml").write_text("taker_per_share = 0.01\nmaker_per_share = 0.01\n")
    both = tcakit(*shlex.split(f"{_PARENT} --fees broker.toml --taker-fee 0.1"))
    assert both.code == 2
    assert "--fees: a fee file, and --maker-fee or --taker-fee too" in both.err
    window = "--date 2026-03-03 --start 10:00 --end 10:10 --fees broker.toml --json"
    run = tcakit(*shlex.split(f"{_PARENT} {window}")).json
    paid = tcakit("sql", f"SELECT sum(fee) AS paid FROM fills WHERE run_id = '{run['run_id']}'", "--json").json
    assert paid["rows"][0][0] == pytest.approx(0.01 * run["parents"][0]["filled_shares"])


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE fills",
        "DROP VIEW fills",
        "DELETE FROM results.fills",
        "INSERT INTO results.runs SELECT * FROM results.runs",
        "CREATE TABLE x (a INT)",
        "ATTACH 'x.db'",
        "COPY fills TO 'x.csv'",
        "EXPORT DATABASE 'x'",
        "INSTALL httpfs",
        "LOAD 'x.so'",
        "SET lock_configuration = false",
        "SELECT 1; DROP VIEW fills",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('sample_data/blotter/fills.csv')",
        "SELECT * FROM 'sample_data/blotter/fills.csv'",
        "SELECT * FROM glob('/etc/*')",
    ],
)
def test_a_query_reads_the_store_and_nothing_else(
    tcakit: Callable, held: Callable, made_content: dict, store: Path, query: str
) -> None:
    beside = sorted(store.parent.iterdir())
    told = tcakit("sql", query)
    assert told.code == 2, told.out
    assert told.err.startswith("tcakit: query: ")
    assert held(store) == made_content
    assert sorted(store.parent.iterdir()) == beside


def test_good_files_are_stored_beside_a_bad_one(tcakit: Callable, files: Path) -> None:
    told = tcakit("ingest", "sample_data/blotter", "cut.zip", "--store", files / "fresh", "--json")
    assert told.code == 3
    assert told.json["error"]["place"] == "cut.zip"
    assert told.json["rows"] > 1000


def test_a_bad_file_alone_makes_no_store(tcakit: Callable, files: Path) -> None:
    assert tcakit("ingest", "binary.csv", "--store", files / "fresh").code == 3
    assert not (files / "fresh").exists()


def test_good_files_are_told_beside_every_refused_one(files: Path, tcakit: Callable[..., Any]) -> None:
    good = "sample_data/lobster/BRVO_2026-03-03_34200000_57600000_5.zip"
    told = tcakit("ingest", good, "empty.csv", "noprice.csv")
    assert told.code == 3
    assert "BRVO" in told.out
    assert "2 of 3 files are refused" in told.err
    assert "empty.csv: the file is empty" in told.err
    assert "noprice.csv: the format is not recognised" in told.err
    told = tcakit("ingest", good, "empty.csv", "noprice.csv", "--json")
    assert [file["skipped"] for file in told.json["files"]] == [True]
    assert [error["place"] for error in told.json["error"]["errors"]] == ["empty.csv", "noprice.csv"]
