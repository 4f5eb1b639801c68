"""The model of impact that a replay is asked to have: by its name and parameters, or as a fit has found it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tcakit.errors import TcakitError, UsageError
from tcakit.impact.contract import ImpactModel, parse_model
from tcakit.impact.facts import OrderFacts
from tcakit.impact.fitted import FittedModel
from tcakit.impact.replay_impact import MODELS_OF_TRADES
from tcakit.jobs.impact_rules import FIT, LATEST
from tcakit.store.database import Store
from tcakit.store.fits import find_fit, latest_fit

_PLACE = "impact model"


@dataclass(frozen=True, slots=True)
class AskedModel:
    """A model of impact, with the draws of its parameters where a fit has any, and where it is from."""

    model: ImpactModel
    fitted: FittedModel | None = None
    notes: tuple[str, ...] = ()

    def relative_error(self, facts: OrderFacts) -> float | None:
        """Standard error of the mean cost of an order over the draws, relative to that cost; None where not known."""
        if self.fitted is None or len(self.fitted.draws) < 2:
            return None
        cost = float(self.model.cost_bps(facts)[0])
        drawn = [float(self.fitted.drawn(row).cost_bps(facts)[0]) for row in range(len(self.fitted.draws))]
        return float(np.std(drawn, ddof=1)) / cost if cost > 0.0 else None


def asked_model(store: Store, text: str, symbol: str, date: str) -> AskedModel:
    """What `NAME[,parameter=value...]`, `fit:ID` or `fit:latest` means for a symbol on a trade date.

    The latest is that of the symbol, else of several, that a replay can have and that rests on earlier days alone. One
    asked for by its id may rest on later days; a note says so. UsageError where there is none.
    """
    if not text.startswith(FIT):
        return AskedModel(parse_model(text, _PLACE))
    name = text.removeprefix(FIT)
    if name != LATEST:
        row = find_fit(store, name)
    else:
        found = latest_fit(store, "impact", symbol, date, MODELS_OF_TRADES)
        if found is None:
            raise UsageError(
                f"no fit of impact of {symbol} that a replay can have rests on days before {date} alone",
                place=_PLACE,
                remedy=f"`tcakit fit impact --tape` fits one; or name a model: {', '.join(MODELS_OF_TRADES)}",
            )
        row = found
    if row["kind"] != "impact":
        raise UsageError(f"fit {row['fit_id']} is of {row['kind']}", place=_PLACE, remedy="name a fit of impact")
    fitted = _read(row)
    return AskedModel(fitted.point(), fitted, tuple(_notes(row, fitted, symbol, date)))


def _read(row: dict[str, Any]) -> FittedModel:
    try:
        return FittedModel.of_dict(row["fitted"])
    except (KeyError, TypeError, ValueError, TcakitError) as error:
        raise UsageError(
            f"what is stored of fit {row['fit_id']} cannot be read ({type(error).__name__})",
            place=_PLACE,
            remedy="fit it again",
        ) from error


def _notes(row: dict[str, Any], fitted: FittedModel, symbol: str, date: str) -> list[str]:
    values = ", ".join(f"{name} {value:.4g}" for name, value in fitted.point().parameters.items())
    span = row["date_from"] if row["date_from"] == row["date_to"] else f"{row['date_from']} to {row['date_to']}"
    notes = [f"{symbol} {date}: impact of fit {row['fit_id']} ({row['model']}, {row['source']}, {span}): {values}"]
    if row["date_to"] >= date:
        notes.append(
            f"LOOKS AHEAD: fit {row['fit_id']} rests on days up to {row['date_to']}, which nobody knew on {date}"
        )
    if row["symbol"] not in (None, symbol):
        notes.append(f"fit {row['fit_id']} is of {row['symbol']}, not of {symbol}")
    return notes
