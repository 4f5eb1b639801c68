"""Daily TAQ records made by hand."""

from __future__ import annotations


def record(
    time: str = "093000000",
    exchange: str = "N",
    symbol: str = "ACME",
    bid: tuple[int, int] = (1_000_000, 3),
    ask: tuple[int, int] = (1_000_200, 2),
    condition: str = "R",
    cancel: str = "A",
    suffix: str = "",
) -> str:
    return (
        f"{time}{exchange}{symbol:<6}{suffix:<10}{bid[0]:011d}{bid[1]:07d}{ask[0]:011d}{ask[1]:07d}{condition}    "
        f"{exchange}{exchange}{383052:016d}02{cancel}CB     A\r\n"
    )


def file(*records: str, count: int | None = None, date: str = "02062014") -> bytes:
    said = len(records) if count is None else count
    return (f" N{date} Record Count :{said:8d}".ljust(96) + "\r\n" + "".join(records)).encode("latin-1")
