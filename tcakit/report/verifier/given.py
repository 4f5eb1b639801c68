"""What is compared but not worked out: inputs that stand as they were given, and numbers whose ground is not here."""

from collections import Counter

# Facts of days before, of an index and of a broker, which no row of the evidence gives.
AS_MEASURED = (
    *("previous_close", "index_cost_bps", "beta", "adv_shares", "volatility_daily", "half_spread_bps"),
    *("broker_start_ns", "close_before_fills"),
)
GIVEN_OF_ORDERS = ("multiplier", "arrival_ns", "end_ns")
GIVEN_PARTS = (("config",), ("run",), ("summary_version",), ("quality", "order_events"), ("monitoring", "thresholds"))
# Under (part, place): what a row of the evidence says and the summary repeats.
REPEATED = {
    ("quality", "files"): ("rows", "faults"),
    ("quality", "faults"): ("line", "reason"),
    ("quality", "clock_offsets"): ("broker", "applied_s"),
    ("currency", "rates"): ("rate",),
    ("monitoring", "checks"): ("at_least", "at_most", "threshold"),
    ("order_benchmarks",): (*AS_MEASURED, "parent_id"),
}


def stands_as_given(path):
    """Whether the number at a path of the summary is an input that no other row gives."""
    if any(path[: len(part)] == part for part in GIVEN_PARTS):
        return True
    if path[0] == "currencies" and path[2:4] == ("participation", "curve"):
        return True
    return any(path[: len(part)] == part and path[-1] in names for part, names in REPEATED.items())


class Checked:
    """What has been compared so far: how many numbers were worked out or given, how many of each name have no ground,
    and what is wrong.
    """

    def __init__(self):
        self.wrong, self.recomputed, self.given, self.scale = [], 0, 0, 0.0
        self.without_ground = Counter()

    def counts(self):
        """The same as a dictionary."""
        names = {name: count for name, count in sorted(self.without_ground.items()) if count}
        return {
            "recomputed": self.recomputed,
            "given": self.given,
            "unfounded": sum(names.values()),
            "unfounded_names": names,
            "wrong": self.wrong,
        }


def count_of_each(names):
    """Counts by name as words."""
    return ", ".join(f"{name} {count}" for name, count in names.items())
