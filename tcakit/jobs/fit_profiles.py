"""How volume, spread and volatility go through a day, from the stored days of one symbol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcakit.errors import DataError, UsageError
from tcakit.execution.volume_forecast import FEWEST_DAYS, VolumeForecast, tracking_error_bps
from tcakit.jobs.profile_days import profile_days
from tcakit.store.database import Store

BIN_S = 300.0
SAMPLE_S = 60.0
ENOUGH_DAYS = 20
_Column = NDArray[np.float64]


def fit_volume(
    store: Store, symbol: str, dates: Sequence[str] | None = None, *, bin_s: float = BIN_S
) -> dict[str, Any]:
    """The mean share of a day's volume in each bin, every day counting the same; and how deviations last within a day.

    `params` has the forecast's, or is empty with fewer than five whole days. `diagnostics` sets two ways to follow a
    day's VWAP against each other, each fitted on the days before it: the mean shares, and the forecast that is renewed
    with each bin. Days not recorded from open to close are left out and told. DataError where none is left.
    """
    held = profile_days(store, symbol, dates, bin_s)
    days = list(zip(held.dates, held.frames, strict=True))
    whole = [(date, frame) for date, frame in days if _is_whole(frame["volume"])]
    broken = [
        f"{date} is left out: its volume is not known of each bin"
        for date, frame in days
        if not _is_whole(frame["volume"])
    ]
    if not whole:
        raise DataError(
            f"no day of {symbol} has its volume in each bin from open to close",
            remedy="ingest whole days of trades, or take longer bins",
        )
    volumes = np.stack([frame["volume"].to_numpy() / held.size_scale for _, frame in whole])
    prices = np.stack([_filled(frame["price"].to_numpy()) for _, frame in whole])
    params: dict[str, float] = {}
    caveats = _few(len(whole))
    try:
        forecast = VolumeForecast.of_days(volumes)
        params = {
            "autoregression": forecast.autoregression,
            "moving_average": forecast.moving_average,
            "explained_by_common": forecast.explained,
        }
    except DataError as error:
        caveats.append(f"no forecast within the day: {error}")
    tracked = _tracking(volumes, prices)
    if tracked is None:
        caveats.append(
            "which of mean shares and a forecast within the day follows VWAP better is not told by "
            f"{len(whole)} whole day{'s' if len(whole) > 1 else ''}: more than {FEWEST_DAYS} are needed"
        )
    return {
        "symbol": symbol,
        "model": "volume-by-time-of-day",
        "unit": "share of the day's volume",
        "dates": [date for date, _ in whole],
        "data_keys": list(held.data_keys),
        "params": params,
        "diagnostics": {"mean_daily_shares": float(volumes.sum(axis=1).mean()), "vwap_tracking": tracked},
        "profile": _rows(held.labels, volumes / volumes.sum(axis=1)[:, None]),
        "caveats": caveats,
        "notes": [*held.notes, *broken],
    }


def fit_spread(
    store: Store, symbol: str, dates: Sequence[str] | None = None, *, bin_s: float = BIN_S
) -> dict[str, Any]:
    """The time-weighted quoted spread in each bin, in bps of the bin's price, as the mean over days.

    DataError where no quotes are stored.
    """
    held = profile_days(store, symbol, dates, bin_s)
    rows = np.stack(
        [1e4 * (frame["spread"] / frame["price"]).cast(float).fill_null(np.nan).to_numpy() for frame in held.frames]
    )
    quoted = np.isfinite(rows)
    if not quoted.any():
        raise DataError(f"no quotes of {symbol} are stored", remedy="ingest quotes or a book: bars have no spread")
    known = [date for date, row in zip(held.dates, quoted, strict=True) if row.any()]
    return {
        "symbol": symbol,
        "model": "spread-by-time-of-day",
        "unit": "bps",
        "dates": known,
        "data_keys": list(held.data_keys),
        "params": {"mean_bps": float(rows[quoted].mean())},
        "diagnostics": {"bins_without_quotes": int((~quoted).sum())},
        "profile": _rows(held.labels, rows),
        "caveats": _few(len(known)),
        "notes": list(held.notes),
    }


def fit_volatility(
    store: Store,
    symbol: str,
    dates: Sequence[str] | None = None,
    *,
    bin_s: float = BIN_S,
    sample_s: float = SAMPLE_S,
) -> dict[str, Any]:
    """The standard deviation of a return over `sample_s` in each bin, in bps: root of the mean square over days.

    From mids a minute apart, or closes of bars: shorter returns measure the bounce between bid and offer. The
    signature, a day's volatility by returns of one, two and five samples, shows what is left of that. `params` has the
    day's volatility as a fraction, without the night. UsageError where samples do not fill bins, and bins the session.
    """
    held = profile_days(store, symbol, dates, sample_s)
    each = round(bin_s / sample_s)
    if each < 1 or abs(each * sample_s - bin_s) > 1e-9 or len(held.labels) % each:
        raise UsageError(
            f"bins of {bin_s:g} s do not hold whole returns of {sample_s:g} s and fill the session",
            remedy="try 300 and 60",
        )
    prices = np.stack([_prices(frame) for frame in held.frames])
    squared = np.diff(np.log(prices), axis=1) ** 2
    variance = _mean_of_bins(squared, each)
    if not (variance > 0.0).any():
        raise DataError(f"no price of {symbol} moves", remedy="ingest quotes, trades or bars of whole days")
    labels = [(held.labels[at][0], held.labels[at + each - 1][1]) for at in range(0, len(held.labels), each)]
    profile = _rows(labels, variance)
    for row in profile:
        if row["value"] is not None:
            # The error of a root by that of what is under it.
            root = float(np.sqrt(row["value"]))
            row["se"] = None if row["se"] is None or not root else 1e4 * row["se"] / (2.0 * root)
            row["value"] = 1e4 * root
    known = int(np.isfinite(variance).any(axis=1).sum())
    return {
        "symbol": symbol,
        "model": "volatility-by-time-of-day",
        "unit": f"bps in {sample_s:g} s",
        "dates": list(held.dates),
        "data_keys": list(held.data_keys),
        "params": {"volatility_daily": _daily(prices, 1)},
        "diagnostics": {
            "signature": [{"sample_s": sample_s * skip, "volatility_daily": _daily(prices, skip)} for skip in (1, 2, 5)]
        },
        "profile": profile,
        "caveats": _few(known),
        "notes": list(held.notes),
    }


def _rows(labels: Sequence[tuple[str, str]], rows: _Column) -> list[dict[str, Any]]:
    """Mean over days of each bin and its standard error, null where nothing or one day tells it."""
    found = []
    for (start, end), column in zip(labels, rows.T, strict=True):
        known = column[np.isfinite(column)]
        count = len(known)
        found.append(
            {
                "start": start,
                "end": end,
                "value": float(known.mean()) if count else None,
                "se": float(known.std(ddof=1) / np.sqrt(count)) if count > 1 else None,
                "n_days": count,
            }
        )
    return found


def _few(days: int) -> list[str]:
    if days == 1:
        return [f"one day is no usual day: errors are not known; {ENOUGH_DAYS} or more are wanted"]
    if days < ENOUGH_DAYS:
        return [f"{days} days are few for a usual day: {ENOUGH_DAYS} or more are wanted"]
    return []


def _is_whole(volume: Any) -> bool:
    return bool(volume.null_count() == 0 and volume.sum() > 0)


def _filled(price: NDArray[Any]) -> _Column:
    """Prices of bins, that of the bin before where nothing traded, that of the first that did at the start."""
    column = np.asarray(price, np.float64)
    place = np.where(np.isfinite(column), np.arange(len(column)), -1)
    held = np.maximum.accumulate(place)
    first = int(np.argmax(np.isfinite(column)))
    return column[np.where(held < 0, first, held)]


def _tracking(volumes: _Column, prices: _Column) -> dict[str, Any] | None:
    """Mean distance from VWAP of days after the fifth, by the mean shares of the days before and by the forecast."""
    mean_shares, renewed = [], []
    for day in range(FEWEST_DAYS, len(volumes)):
        before = volumes[:day]
        usual = (before / before.sum(axis=1)[:, None]).mean(axis=0)
        try:
            forecast = VolumeForecast.of_days(before)
        except DataError:
            continue
        mean_shares.append(tracking_error_bps(usual, volumes[day], prices[day]))
        renewed.append(tracking_error_bps(forecast.weights(volumes[day]), volumes[day], prices[day]))
    if not renewed:
        return None
    return {
        "days": len(renewed),
        "mean_shares_bps": float(np.mean(mean_shares)),
        "forecast_bps": float(np.mean(renewed)),
    }


def _prices(frame: Any) -> _Column:
    """Prices at the start and the end of each interval in turn, NaN before the first."""
    column = np.concatenate([frame["open"].head(1).to_numpy(), frame["close"].to_numpy()]).astype(np.float64)
    return np.where(column > 0.0, column, np.nan)


def _mean_of_bins(squared: _Column, each: int) -> _Column:
    """Mean of the squared returns in each bin of each day, NaN where it has none."""
    days, count = squared.shape
    parts = squared.reshape(days, count // each, each)
    known = np.isfinite(parts)
    total = np.where(known, parts, 0.0).sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / known.sum(axis=2))


def _daily(prices: _Column, skip: int) -> float | None:
    """Volatility of a day, by the squared returns over so many samples."""
    squared = np.diff(np.log(prices[:, ::skip]), axis=1) ** 2
    sums = np.nansum(squared, axis=1)
    return float(np.sqrt(sums[sums > 0.0].mean())) if (sums > 0.0).any() else None
