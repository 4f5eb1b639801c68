"""What the tape alone says of impact: fits on the market's trades and quotes, without a fill of ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from tcakit.errors import DataError, UsageError
from tcakit.impact.contract import MODELS, ImpactModel
from tcakit.impact.fitted import TAPE_PROXY, FittedModel
from tcakit.impact.tape import Tape
from tcakit.jobs.tape import chosen_days, read_tapes
from tcakit.jobs.tape_flow_state import flow_state_view
from tcakit.jobs.tape_order_flow import order_flow_view
from tcakit.jobs.tape_propagator import propagator_view
from tcakit.jobs.tape_random_traders import random_traders_view
from tcakit.registry import find
from tcakit.store.database import Store
from tcakit.store.market_data import SymbolDay

VIEWS: dict[str, Callable[[Sequence[Tape]], dict[str, Any]]] = {
    "order_flow": order_flow_view,
    "flow_state": flow_state_view,
    "random_traders": random_traders_view,
    "propagator": propagator_view,
}


def fit_tape(
    store: Store,
    symbols: Sequence[str] | None = None,
    dates: Sequence[str] | None = None,
    views: Sequence[str] = tuple(VIEWS),
) -> dict[str, Any]:
    """Fit each symbol's stored days (None: all): one JSON-able entry a symbol under `symbols`, with its caveats.

    Each of `views` (all by default) is an entry of its own with caveats of its own, null where the symbol's tape is too
    thin for it, and `caveats` says why. `model` is the impact model of the flow-state view, whose `source` says that it
    is a proxy, and `fitted` the same with its draws: `model_of` and `fitted_of` make them. `data_keys` are the ingest
    keys of the files it rests on. DataError where nothing of what is asked for is stored or can be read.
    """
    begun = time.perf_counter()
    for name in views:
        if name not in VIEWS:
            raise UsageError(f"no view {name!r} of the tape", place="views", remedy=f"known are {', '.join(VIEWS)}")
    fitted: list[dict[str, Any]] = []
    notes: list[str] = []
    # A symbol at a time: the tapes of all of a store may not fit into memory.
    for symbol, group in groupby(chosen_days(store, symbols, dates), key=lambda day: day.instrument.symbol):
        days = list(group)
        tapes = read_tapes(store, days)
        notes += tapes.notes
        if tapes.tapes:
            fitted.append(_fit_symbol(symbol, days, tapes.tapes, views))
    if not fitted:
        raise DataError("; ".join(notes), remedy="ingest quotes and trades, or a book, of the session")
    return {"symbols": fitted, "notes": notes, "seconds": round(time.perf_counter() - begun, 3)}


def model_of(entry: Mapping[str, Any], *, level: float | None = None) -> ImpactModel:
    """The impact model of a symbol's entry, or of one of its views, at the middle of its range or at another `level`.

    The dear end is `entry["model"]["level_range"][1]`. DataError where none was fitted.
    """
    told = entry.get("model")
    if told is None:
        raise DataError("no model was fitted on the tape", remedy="its caveats say why")
    parameters = dict(told["parameters"]) | ({} if level is None else {told["level"]: level})
    model: ImpactModel = find(told["name"], MODELS, "impact model", "model")(**parameters)
    return model


def fitted_of(entry: Mapping[str, Any]) -> FittedModel:
    """The same with the draws of its parameters, as estimates use it; DataError where none was fitted."""
    told = entry.get("fitted")
    if told is None:
        raise DataError("no model was fitted on the tape", remedy="its caveats say why")
    return FittedModel.of_dict(told)


def _fit_symbol(symbol: str, days: Sequence[SymbolDay], tapes: Sequence[Tape], views: Sequence[str]) -> dict[str, Any]:
    dates = [tape.date for tape in tapes]
    entry: dict[str, Any] = {
        "symbol": symbol,
        "source": TAPE_PROXY,
        "dates": dates,
        "data_keys": sorted({key for day in days if day.date in dates for key in day.data_keys}),
        "model": None,
        "fitted": None,
    }
    caveats: list[str] = []
    for name in views:
        try:
            entry[name] = VIEWS[name](tapes)
        except DataError as error:
            entry[name] = None
            caveats.append(f"{name}: {error}")
    state = entry.get("flow_state")
    if state is not None:
        entry["model"] = state["model"] | {"source": TAPE_PROXY, "rests_on": state["rests_on"]}
        entry["fitted"] = state.pop("fitted")
    entry["caveats"] = caveats
    return entry
