"""Whether the strategies of a backtest look ahead, checked on the days that they would trade."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tcakit.errors import UsageError
from tcakit.execution.compiled import compiled_replay
from tcakit.jobs.backtest import groups_of, markets_of, participants_of, settings_of
from tcakit.jobs.backtest_config import REPLAY, BacktestConfig
from tcakit.jobs.backtest_plan import Planned, plan_parents
from tcakit.jobs.impact_planned import set_impact
from tcakit.jobs.market import replay_feed
from tcakit.market.clock import format_time
from tcakit.registry import own_code
from tcakit.replay.columns import Feed
from tcakit.replay.compiled_lookahead import check_compiled_lookahead
from tcakit.replay.compiled_run import CompiledReplay
from tcakit.replay.lookahead import Checked, check_lookahead_together
from tcakit.replay.recorded_market import ReplaySettings
from tcakit.store.database import Store

Progress = Callable[[str, int, int], None]


def lookahead(
    folder: Path,
    config: BacktestConfig,
    *,
    times: int = 10,
    seed: int = 0,
    progress: Progress | None = None,
    wait_s: float = 30.0,
) -> dict[str, Any]:
    """Replay a backtest's parents with noise in place of all that reaches them after each of `times` drawn instants.

    Gives what was compared: instants, calls between strategies and market, events at the venue. UsageError names the
    strategy, the instant and the first decision that was another one; or says that it acts differently on the same
    data, which cannot be checked.
    """
    if config.engine != REPLAY:
        raise UsageError(
            f"the {config.engine} engine asks no strategy", place="--check-lookahead", remedy="use --engine replay"
        )
    if times < 1:
        raise UsageError(f"{times} instants check nothing", place="--check-times", remedy="give 1 or more")
    store = Store(folder, wait_s=wait_s)
    planned = plan_parents(store, config)
    set_impact(store, config.impact, planned, config.together)
    groups = groups_of(planned, config.together)
    total = {"times": 0, "calls": 0, "events": 0}
    for number, group in enumerate(groups):
        if progress:
            progress(f"{group[0].parent.symbol}", number, len(groups))
        markets = [(replay_feed(store, plan.day), settings_of(config, plan)) for plan in markets_of(group)]
        with own_code(plan.spec.algo.name for plan in group):
            if group[0].spec.algo.is_compiled:
                feed, settings = markets[0]
                again = partial(_compiled, group[0], settings)
                found = check_compiled_lookahead(feed, again, settings, times, seed + number)
            else:
                found = check_lookahead_together(markets, partial(participants_of, group), times, seed + number)
        _refuse(found, group)
        for name in total:
            total[name] += getattr(found, name)
    return {"parents": sum(len(group) for group in groups), **total}


def _compiled(plan: Planned, settings: ReplaySettings, feed: Feed, until_ns: int | None) -> CompiledReplay:
    algo = plan.spec.algo
    return compiled_replay(feed, plan.parent, algo.name, algo.params, settings, until_ns=until_ns)


def _refuse(found: Checked, group: list[Planned]) -> None:
    """UsageError where a run was another one."""
    differs = found.difference
    if differs is None:
        return
    plan = group[differs.participant]
    expected, other = (words or "nothing" for words in (differs.expected, differs.found))
    place = f"{plan.spec.algo.label}, parent {plan.parent.parent_id}"
    if not found.times:
        raise UsageError(
            f"on the same data it does {expected} once and {other} the next time",
            place=place,
            remedy="let it decide by what it is told alone, with a seed of its own",
        )
    raise UsageError(
        f"it looks ahead: with other data after {format_time(differs.at_ns)} it does {other} in place of {expected}",
        place=place,
        remedy="let it decide by what the gateway shows at that time",
    )
