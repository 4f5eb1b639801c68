"""A replay is the same to the last bit in any thread, in any process and on any processor."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from tcakit.jit import jit
from tcakit.market import codes
from tcakit.market.instrument import Instrument
from tcakit.replay import layout_kernel as lk
from tcakit.replay.columns import Feed, feed_columns, feed_from_columns
from tcakit.replay.queue_kernel import after_level_change
from tcakit.replay.replay import Participant, Replay, ReplaySettings
from tcakit.venue.latency import RandomLatency

ROOT = Path(__file__).resolve().parents[2]
ROWS, MIDDLE, STEP_NS = 12_000, 1_000, 20_000
RULES = [(rule, power) for rule in codes.QUEUE_RULE_NAMES if rule != codes.FIFO for power in (2.0, 2.5)]
# The oldest processor there is code for: no fused multiply-add, neither in our kernels nor in the C library.
OLD_PROCESSOR = {
    "NUMBA_CPU_NAME": "generic",
    "NUMBA_CPU_FEATURES": "",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX,-FMA,-FMA4,-AVX2_Usable,-FMA_Usable",
}


def made_feed() -> Feed:
    """Six levels that melt away in small steps and are built up anew, one row in four a print."""
    draw = np.random.Generator(np.random.PCG64(5)).integers(0, 1 << 30, (ROWS, 4))
    side = np.where(draw[:, 0] % 2, 1, -1)
    price = MIDDLE - side * (1 + draw[:, 1] // 4 % 3)
    is_print = draw[:, 1] % 4 == 0
    size = 1 + draw[:, 3] % 25
    level = np.full(ROWS, -1)
    for at in np.unique(price):
        rows = np.flatnonzero((price == at) & ~is_print)
        level[rows] = 40 + (9_000 - np.cumsum(draw[rows, 3] % 25)) % 1_200
    book = {
        "ts_ns": np.cumsum(1 + draw[:, 2] % 2_000),
        "kind": np.where(is_print, codes.PRINT, codes.SET),
        "side": side,
        "price": price,
        "size": np.where(is_print, size, level),
        "level_size": level,
    }
    instrument = Instrument("ACME", price_scale=100, tick_size=1, lot_size=1, size_scale=10)
    return feed_from_columns(instrument, feed_columns(instrument, book))


class Joiner:
    """Joins both queues every step, and takes back what it sent twenty steps ago."""

    def __init__(self, end_ns: int) -> None:
        self.end_ns = end_ns
        self.sent: list[int] = []

    def on_start(self, gateway):
        self.on_time(gateway)

    def on_time(self, gateway):
        for side in (codes.BUY, codes.SELL):
            tick = MIDDLE - side * (1 + len(self.sent) // 2 % 3)
            self.sent.append(gateway.submit(side, 30, tick, codes.POST_ONLY))
        for order in self.sent[-42:-40]:
            gateway.cancel(order)
        if gateway.now_ns + STEP_NS <= self.end_ns:
            gateway.wake_at(gateway.now_ns + STEP_NS)

    def on_fill(self, gateway, fill): ...


@jit
def behind_of(rule, power, ahead, out):
    """The size ahead of each order of many once a level shrinks by next to nothing: last bits are not rounded away."""
    for i in range(len(ahead)):
        out[i] = after_level_change(rule, power, 10.0, ahead[i], 0.0, 2.0 * ahead[i] + 1e-3, 2.0 * ahead[i]) - ahead[i]


def digest() -> str:
    """A hash of every log, with all sizes that stood ahead, and of many moves of queues, under each queue rule."""
    feed, found = made_feed(), hashlib.sha256()
    ahead = np.random.Generator(np.random.PCG64(8)).random(100_000) * 1e-3
    moved = np.empty_like(ahead)
    latency = RandomLatency(entry_ns=3_000, response_ns=2_000, sigma=0.5, seed=3)
    end = int(feed.ns[-1])
    for rule, power in RULES:
        settings = ReplaySettings(latency, rule, power)
        result = Replay(feed, [Participant(Joiner(end), int(feed.ns[10]), end)], settings).run()
        assert (result.log[:, lk.LOG_REASON] == codes.QUEUE_REACHED).sum() > 50
        behind_of(rule, power, ahead, moved)
        for part in (result.log, result.log_ahead, result.orders, moved):
            found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()


def digest_elsewhere(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_threads_do_not_meet() -> None:
    alone = digest()
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: digest(), range(4))) == [alone] * 4


def test_another_process_and_another_processor_log_the_same() -> None:
    assert digest_elsewhere() == digest_elsewhere(PYTHONHASHSEED="7") == digest()
    assert digest_elsewhere(**OLD_PROCESSOR) == digest()


if __name__ == "__main__":
    print(digest())
