"""A simulated tape as a recorded day: counted like one that was ingested."""

from __future__ import annotations

import numpy as np

from tcakit.market.codes import SNAPSHOT
from tcakit.market.instrument import Instrument
from tcakit.simulator.background_run import BackgroundRun
from tcakit.simulator.calibration_day import WHOLE_BOOK, CalibrationDay, operational_seconds
from tcakit.simulator.flow_layout_kernel import CLOSE_NS, OPEN_NS
from tcakit.simulator.flow_parameters import FlowModel
from tcakit.venue.engine_layout_kernel import (
    TAPE_KIND,
    TAPE_LEVEL,
    TAPE_LEVEL_SIZE,
    TAPE_ORDER_ID,
    TAPE_SIDE,
    TAPE_SIZE,
    TAPE_TS,
)


def instrument_of(model: FlowModel, date: str) -> Instrument:
    """The instrument that a flow's market trades."""
    open_ns, close_ns = model.session(date)
    return Instrument(
        model.symbol,
        venue=model.venue,
        currency=model.currency,
        timezone=model.timezone,
        price_scale=model.price_scale,
        size_scale=model.size_scale,
        tick_size=model.tick_size,
        lot_size=model.lot_size,
        session_open_ns=open_ns,
        session_close_ns=close_ns,
    )


def tape_day(model: FlowModel, date: str, run: BackgroundRun) -> CalibrationDay:
    """The whole book of a market that has run."""
    tape = run.tape()
    kind = tape[:, TAPE_KIND].astype(np.uint8)
    kind[: run.opening_rows] = SNAPSHOT
    open_ns, close_ns = int(run.flow.times[OPEN_NS]), int(run.flow.times[CLOSE_NS])
    ts_ns = tape[:, TAPE_TS].copy()
    order_id = tape[:, TAPE_ORDER_ID]
    _, slot = np.unique(order_id, return_inverse=True)
    activity = run.flow.shape
    return CalibrationDay(
        instrument=instrument_of(model, date),
        date=date,
        depth=WHOLE_BOOK,
        open_ns=open_ns,
        close_ns=close_ns,
        base_tick=run.base_tick,
        ladder_levels=run.engine.levels.shape[2],
        ts_ns=ts_ns,
        kind=kind,
        side=tape[:, TAPE_SIDE].astype(np.int8),
        level=tape[:, TAPE_LEVEL].copy(),
        size=tape[:, TAPE_SIZE].copy(),
        level_size=tape[:, TAPE_LEVEL_SIZE].copy(),
        slot=np.where(order_id > 0, slot, -1).astype(np.int64),
        activity=activity,
        seconds=operational_seconds(ts_ns, open_ns, close_ns, activity),
    )
