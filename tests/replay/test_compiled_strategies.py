"""Compiled strategies from a user's file: compiled once for all processes, mistakes told with file and line, swept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tcakit.errors import UsageError
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.replay.columns import Feed, feed_columns, feed_from_columns
from tcakit.replay.compiled_lookahead import check_compiled_lookahead
from tcakit.replay.compiled_run import CompiledReplay, Work
from tcakit.replay.compiler import load_strategy
from tcakit.replay.replay import ReplaySettings
from tcakit.replay.result import fills, order_events, orders
from tcakit.replay.sweep import sweep
from tcakit.venue.fees import FeeSchedule
from tcakit.venue.latency import ConstantLatency

ROOT = Path(__file__).resolve().parents[2]
QUOTER = '''
"""One bid some ticks below the best, sent anew every 10 ns."""
from tcakit.replay.compiled import BUY, best_bid, cancel, integers, is_open, now_ns, parameter, submit, wake_at

PARAMETERS = {"offset": 1, "size": 2}
NUMBER = 0


def on_start(market, me):
    on_time(market, me)


def tick_of(market, me):
    return best_bid(market) - int(parameter(me, 0))


def on_time(market, me):
    cancel(market, me, integers(me)[NUMBER])
    if best_bid(market) >= 0:
        integers(me)[NUMBER] = submit(market, me, BUY, int(parameter(me, 1)), tick_of(market, me))
    if now_ns(market) < 80:
        wake_at(market, me, now_ns(market) + 10)
'''
# Says how many functions were compiled, and what filled.
PROCESS = """
import sys, pickle
from pathlib import Path
from tcakit.jit import compile_times
from tcakit.replay.compiled_run import CompiledReplay, Work
from tcakit.replay.compiler import load_strategy
from tcakit.replay.replay import ReplaySettings
feed = pickle.loads(Path(sys.argv[2]).read_bytes())
with compile_times() as times:
    result = CompiledReplay(feed, load_strategy(Path(sys.argv[1])), Work(0, 100), ReplaySettings()).run()
print(len(times), len(result.orders), len(result.log))
"""


@pytest.fixture
def quoter(tmp_path: Path) -> Path:
    path = tmp_path / "quoter.py"
    path.write_text(QUOTER)
    return path


@pytest.fixture
def feed() -> Feed:
    """A bid of 5 at 100, an offer of 5 at 101, and every 7 ns a seller of 1 who hits the best bid or the next."""
    acme = Instrument("ACME", price_scale=1, tick_size=1, lot_size=1)
    n = 14
    ns = np.concatenate([[0, 0], 7 * np.arange(1, n + 1)])
    prices = np.concatenate([[100, 101], 100 - np.arange(n) % 2])
    book = {
        "ts_ns": ns,
        "kind": np.array([codes.SET, codes.SET] + [codes.PRINT] * n),
        "side": np.array([1, -1] + [1] * n),
        "price": prices,
        "size": np.array([5, 5] + [1] * n),
        "level_size": np.array([5, 5] + [-1] * n),
    }
    return feed_from_columns(acme, feed_columns(acme, book))


def test_the_tables_of_a_run(quoter: Path, feed: Feed) -> None:
    result = CompiledReplay(feed, load_strategy(quoter), Work(3, 90, {"offset": 1}), ReplaySettings()).run()
    sent = orders(result, "run", "o", ["parent"])
    assert sent.height == 9
    assert sent["order_id"].to_list() == [f"o{number}" for number in range(9)]
    told = order_events(result, "run", "o")
    assert told.filter(event="new").height == 9
    traded = fills(result, "run", "o", ["parent"], "2025-01-01", FeeSchedule())
    assert traded["price"].unique().to_list() == [99]
    assert traded["quantity"].sum() > 0


def test_a_sweep_gives_what_single_runs_give(quoter: Path, feed: Feed) -> None:
    strategy, settings = load_strategy(quoter), ReplaySettings(ConstantLatency(entry_ns=1, response_ns=2))
    sets = [{"offset": offset, "size": size} for offset in range(4) for size in (1, 3)]
    done: list[int] = []
    for threads in (1, 3):
        done.clear()
        swept = list(sweep(feed, strategy, Work(0, 90), sets, settings, threads=threads, progress=done.append))
        assert done == list(range(1, len(sets) + 1))
        for parameters, result in zip(sets, swept, strict=True):
            single = CompiledReplay(feed, strategy, Work(0, 90, parameters), settings).run()
            np.testing.assert_array_equal(result.log, single.log)
            np.testing.assert_array_equal(result.local_events, single.local_events)
    assert len({len(result.log) for result in swept}) > 1


def test_a_sweep_of_a_parameter_that_is_none_begins_not_at_all(quoter: Path, feed: Feed) -> None:
    with pytest.raises(UsageError, match="no parameter 'ofset'"):
        sweep(feed, load_strategy(quoter), Work(0, 90), [{"offset": 1}, {"ofset": 2}], ReplaySettings())


def test_the_next_process_compiles_nothing(quoter: Path, feed: Feed, tmp_path: Path) -> None:
    import pickle

    (tmp_path / "feed").write_bytes(pickle.dumps(feed))

    def run() -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", PROCESS, str(quoter), str(tmp_path / "feed")],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    # A number that no earlier test run has written to the cache.
    quoter.write_text(QUOTER.replace("80", str(80 + os.getpid() * 1000)))
    first, second = run(), run()
    assert int(first[0]) > 0
    assert second == ["0", *first[1:]]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("return best_bid(market)", "return bset_bid(market)", 14, "bset_bid"),
        ("def on_start(market, me):", "def on_start(market me):", 9, "no Python"),
        ("def on_start(market, me):", "def on_start(market):", 9, r"on_start must take \(market, me\)"),
        ("def on_time", "def on_tme", None, r"there is no function on_time\(market, me\)"),
        ("NUMBER = 0", "NUMBER = zero", 6, "zero"),
        ("if now_ns(market) < 80", 'if now_ns(market) < "8"', 21, "does not compile"),
        ('{"offset": 1, "size": 2}', '["offset"]', None, "PARAMETERS is no table"),
    ],
)
def test_mistakes_are_told_with_file_and_line(quoter: Path, old: str, new: str, line: int | None, said: str) -> None:
    assert QUOTER.count(old) == 1
    quoter.write_text(QUOTER.replace(old, new))
    with pytest.raises(UsageError, match=said) as caught:
        load_strategy(quoter)
    assert caught.value.place == (f"{quoter}:{line}" if line else str(quoter))


def test_what_cannot_be_asked_ends_the_run_in_words(quoter: Path, feed: Feed) -> None:
    with pytest.raises(UsageError, match="an order of 0: sides are"):
        CompiledReplay(feed, load_strategy(quoter), Work(0, 90, {"size": 0}), ReplaySettings()).run()
    quoter.write_text(QUOTER.replace("    cancel(", "    for _ in range(5000):\n        cancel("))
    with pytest.raises(UsageError, match="more than 1024 messages"):
        CompiledReplay(feed, load_strategy(quoter), Work(0, 90, {"offset": 3}), ReplaySettings()).run()


def test_what_the_strategy_raises_is_raised(quoter: Path, feed: Feed) -> None:
    quoter.write_text(
        QUOTER.replace("    if now_ns", '    if now_ns(market) > 40:\n        raise ValueError("late")\n    if now_ns')
    )
    with pytest.raises(ValueError, match="late"):
        CompiledReplay(feed, load_strategy(quoter), Work(0, 90), ReplaySettings()).run()


def test_many_orders_and_events_find_room(quoter: Path, feed: Feed) -> None:
    """More than the arrays hold at first, in more calls than one."""
    quoter.write_text(QUOTER.replace("< 80", "< 60000").replace("+ 10)", "+ 1)"))
    strategy = load_strategy(quoter)
    said: list[int] = []
    replay = CompiledReplay(feed, strategy, Work(0, 90), ReplaySettings(), said.append)
    assert len(replay.run().orders) == 60_001
    assert said


def test_one_that_knows_the_future_is_found_out(quoter: Path, feed: Feed) -> None:
    """What it does depends on how many rows the day has: the check puts another number in their place."""
    strategy, settings = load_strategy(quoter), ReplaySettings()

    def make(day: Feed, until_ns: int | None, knows: bool) -> CompiledReplay:
        size = 1 + int(day.row_sizes()[-8:].sum()) % 5 if knows else 2
        return CompiledReplay(day, strategy, Work(0, 90, {"size": size}, until_ns=until_ns), settings)

    honest = check_compiled_lookahead(feed, lambda *given: make(*given, False), settings)
    assert (honest.times, honest.difference) == (10, None)
    assert honest.calls > 0
    found = check_compiled_lookahead(feed, lambda *given: make(*given, True), settings).difference
    assert found is not None
    assert "new(0, 99, " in str(found.expected)
    assert "new(0, 99, " in str(found.found)
