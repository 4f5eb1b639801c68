"""How each number of `tca_benchmarks` is worked out: formulas over letters, as `tca.formulas` has those of costs.

Beside its letters: O, D, L and W5o to WL10f name sums of prints (size and price x size as stored), m_... mids after or
before the order, P_b the mid at the broker's first child order, worse and better the size that printed at prices worse
and better than ours.
"""

from __future__ import annotations

from tcakit.tca.formulas import Formula

_WAGNER = "order basis (Wagner and Edwards 1993, Kissell)"
_EDHEC = "four timestamps (EDHEC, TCA A-Z 2008)"
_DAYS = "CFA Institute: realised profit and loss, each day against the close before it"
_PWP = "VWAP of the prints from arrival until so much has traded"
_KISSELL = "Kissell: ties count half"
_OF_EXECUTED = "executed notional, M Q P_0"
_GIVEN = "as stored of the days before"


def _mean(letter: str) -> str:
    return f"traded_{letter} / volume_{letter} / price_scale"


def pwp_letter(rate: int, basis: str, limited: bool = False) -> str:
    """The letter of the prints behind a PWP.

    >>> pwp_letter(5, "ordered"), pwp_letter(10, "filled", limited=True)
    ('W5o', 'WL10f')
    """
    return f"W{'L' if limited else ''}{rate}{basis[0]}"


def _price(column: str, name: str, text: str, source: str) -> Formula:
    return Formula(column, name, text, "currency", "", source)


_ALL = (
    _price("open_price", "Open", "print_O / price_scale", "first print of the session"),
    _price("previous_close", "Previous close", "close_before", "last price of the stored day before"),
    _price("day_vwap", "Day VWAP", _mean("D"), "prints from the open to the close"),
    _price(
        "interval_vwap_without_own",
        "Interval VWAP without own prints",
        "(VWAP - own * P) / (1 - own)",
        "P - VWAP = (1 - own) (P - VWAP without own)",
    ),
    *(
        _price(f"pwp_{rate}_of_{basis}", f"PWP {rate} % of {basis}", _mean(pwp_letter(rate, basis)), _PWP)
        for basis in ("ordered", "filled")
        for rate in (5, 10, 20)
    ),
    _price("best_price", "Best print", "print_best / price_scale", "prints from arrival to the end"),
    _price("worst_price", "Worst print", "print_worst / price_scale", "prints from arrival to the end"),
    Formula(
        "rpm_volume",
        "Volume beaten",
        "(volume_I + worse - better) / (2 * volume_I)",
        "fraction",
        "market volume",
        _KISSELL,
    ),
    Formula(
        "rpm_trades_and_volume",
        "Trades and volume beaten",
        "(worse_prints / prints + worse / volume_I) / 2",
        "fraction",
        "prints and market volume",
        "EDHEC: mean of both shares at worse prices",
    ),
    _price("limit_vwap", "Interval VWAP within the limit", _mean("L"), "prints no worse than the limit"),
    *(
        _price(
            f"limit_pwp_10_of_{basis}",
            f"PWP 10 % of {basis}, within the limit",
            _mean(pwp_letter(10, basis, limited=True)),
            _PWP,
        )
        for basis in ("ordered", "filled")
    ),
    Formula("index_cost_bps", "The index's own move", "index_move", "bps", "the index at arrival", "VWAP over arrival"),
    Formula("beta", "Beta", "beta_given", "", "", "as given"),
    Formula(
        "market_adjusted_bps_of_executed",
        "Arrival cost less the index's move",
        "(P - P_0) / P_0 * s * 10000 - beta_given * index_move",
        "bps",
        _OF_EXECUTED,
        "arrival cost less beta times the index",
    ),
    Formula("order_delay_cost", "Delay, order basis", "M * s * S_q * (P_0 - P_d)", "currency", "", _WAGNER),
    Formula("order_trading_cost", "Trading, order basis", "M * s * (paid - Q * P_0)", "currency", "", _WAGNER),
    Formula(
        "order_opportunity_cost", "Opportunity, order basis", "M * s * (S_q - Q) * (P_n - P_0)", "currency", "", _WAGNER
    ),
    _price("broker_start_price", "Mid when the broker began", "(bid_b + ask_b) / 2", "the quote at the first child"),
    Formula("market_timing_cost", "Market timing", "M * s * Q * (P_b - P_0)", "currency", "", _EDHEC),
    Formula("broker_execution_cost", "Execution", "M * s * (paid - Q * P_b)", "currency", "", _EDHEC),
    _price("close_before_fills", "Close before the fill days", "C", "last prices before them, weighted by shares"),
    Formula("realised_cost", "Realised", "M * s * (paid - Q * C)", "currency", "", _DAYS),
    Formula("delay_to_close_cost", "Delay to the close", "M * s * Q * (C - P_d)", "currency", "", _DAYS),
    Formula("adv_shares", "Average daily volume", "ADV", "shares", "", _GIVEN),
    Formula("quantity_adv", "Size", "S / ADV", "fraction", "average daily volume", _GIVEN),
    Formula("volatility_daily", "Daily volatility", "sigma", "fraction", "the price", _GIVEN),
    Formula("half_spread_bps", "Half the quoted spread", "half_spread", "bps", "mid", _GIVEN),
    Formula(
        "timing_risk_bps",
        "Timing risk",
        "sigma * root_T_3 * 10000",
        "bps",
        "arrival",
        "one deviation: Almgren and Chriss (2000), a straight line",
    ),
    Formula("first_fill_s", "To the first fill", "(t_first - t_0) / 1000000000", "s", "", "own fills"),
    Formula("last_fill_s", "To the last fill", "(t_last - t_0) / 1000000000", "s", "", "own fills"),
    Formula("weighted_fill_s", "To the fills, by shares", "share_seconds / Q", "s", "", "own fills"),
    *(
        formula
        for seconds in (300, 1800)
        for formula in (
            Formula(
                f"permanent_impact_{seconds}s_bps",
                f"Stayed after {seconds // 60} min",
                f"s * (m_{seconds} - P_0) / P_0 * 10000",
                "bps",
                "arrival",
                "mid after the last fill against that at arrival",
            ),
            Formula(
                f"temporary_impact_{seconds}s_bps",
                f"Went within {seconds // 60} min",
                f"s * (P - m_{seconds}) / P_0 * 10000",
                "bps",
                "arrival",
                "average price against the mid after the last fill",
            ),
        )
    ),
    *(
        Formula(
            f"reversion_{seconds}s_bps",
            f"Reversion in {seconds} s",
            f"s * (m_last - m_{seconds}) / m_last * 10000",
            "bps",
            "mid at the last fill",
            "OneTick: above zero the price came back",
        )
        for seconds in (60, 300)
    ),
    Formula(
        "leakage_60s_bps",
        "Run-up before arrival",
        "s * (P_0 - m_before) / m_before * 10000",
        "bps",
        "mid 60 s before",
        "arrival against the mid 60 s before",
    ),
    Formula(
        "adverse_selection_60s_bps",
        "Adverse selection of passive fills",
        "0 - marked / passive_paid",
        "bps",
        "passive fills' value",
        "minus the 60 s markout of passive fills",
    ),
    Formula("child_fill_rate", "Child orders that filled", "children_filled / children", "fraction", "", "own orders"),
)
BENCHMARK_FORMULAS: dict[str, Formula] = {formula.column: formula for formula in _ALL}
"""Every formula by the column of `tca_benchmarks` that it gives."""
BENCHMARK_LETTERS = {
    "print_O": "stored price of the session's first print",
    "print_best": "stored price of the best print from arrival to the end",
    "print_worst": "stored price of the worst one",
    "close_before": "last price of the stored day before, in shares of today",
    "own": "own share of the volume from arrival to the last fill; 0 where own fills are not among the prints",
    "worse": "stored size of the prints, arrival to last fill, at prices worse than our average",
    "better": "stored size of those at better prices",
    "prints": "how many prints those are in all",
    "worse_prints": "how many at worse prices",
    "index_move": "s x (VWAP of the index - its mid at arrival) / the latter, bps",
    "beta_given": "what the symbol moves with the index, as given",
    "P_b": "mid when the first child order was sent",
    "bid_b": "bid when the first child order was sent",
    "ask_b": "offer then",
    "C": "last prices before the days of the fills, weighted by their shares",
    "ADV": "mean volume of the stored days before",
    "sigma": "daily volatility of the stored days before",
    "half_spread": "half the quoted spread of the stored days before, bps",
    "root_T_3": "root of a third of the order's time, in sessions",
    "t_0": "arrival, ns",
    "t_first": "first fill, ns",
    "t_last": "last fill, ns",
    "share_seconds": "sum of shares x seconds from arrival over the fills",
    "m_last": "mid at the last fill",
    "m_60": "mid 60 s after the last fill",
    "m_300": "mid 300 s after it",
    "m_1800": "mid 1800 s after it",
    "m_before": "mid 60 s before arrival",
    "marked": "sum of the 60 s markout (bps) x value over the passive fills",
    "passive_paid": "value of the passive fills",
    "children": "child orders sent",
    "children_filled": "child orders with a fill",
    **{
        f"{kind}_{letter}": f"{word} {meaning}"
        for letter, meaning in {
            "D": "from the open to the close",
            "L": "from arrival to the last fill, no worse than the limit",
            **{
                pwp_letter(rate, basis, limited): f"from arrival until {basis} / {rate} % traded"
                + (", no worse than the limit" if limited else "")
                for basis in ("ordered", "filled")
                for rate, limited in ((5, False), (10, False), (20, False), (10, True))
            },
        }.items()
        for kind, word in (("traded", "sum of stored price x stored size of the prints"), ("volume", "stored size"))
    },
}
"""What the letters mean that `tca.formulas.LETTERS` does not have."""
