"""Write what is derived from the code: docs/tables.md, docs/cli.md, and tables of other pages (`make docs`)."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

DOCS = Path(__file__).resolve().parent


def tables_page() -> str:
    """docs/tables.md: every table of the store."""
    from tcakit.market import schema

    return schema.markdown()


def command_page() -> str:
    """docs/cli.md: every verb with its arguments and options; ImportError while there is no command line."""
    import typer

    import tcakit.cli.main

    command = typer.main.get_command(tcakit.cli.main.application())
    lines = [
        "# The command line",
        "",
        "Generated from the commands' own help by `make docs`; do not edit by hand.",
        "",
        "Exit codes: 0 done; 1 unexpected; 2 wrong usage or configuration; 3 bad data; 4 store busy;",
        "5 refused by governance; 6 done, but a threshold of the policy is breached; 130 interrupted.",
    ]
    for path, verb in _verbs(command, ("tcakit",)):
        lines += ["", f"## {' '.join(path)}", "", *_about(path, verb)]
    return "\n".join(lines) + "\n"


def impact_page() -> str:
    """docs/impact.md with its table of published numbers made anew: they stand beside the tests that walk them."""
    source = DOCS.parent / "tests" / "impact" / "published.py"
    spec = importlib.util.spec_from_file_location("published", source)
    if spec is None or spec.loader is None:
        raise ImportError(f"{source} cannot be read")
    module = sys.modules["published"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (DOCS / "impact.md").read_text(encoding="utf-8")
    made = f"<!-- numbers -->\n{module.table()}\n<!-- end -->"
    return re.sub(r"<!-- numbers -->\n.*?<!-- end -->", lambda _: made, page, flags=re.DOTALL)


def costs_page() -> str:
    """docs/tca.md with its table of formulas made anew from the one list of them."""
    from tcakit.tca.benchmark_formulas import BENCHMARK_FORMULAS
    from tcakit.tca.formulas import FORMULAS, formula_table

    page = (DOCS / "tca.md").read_text(encoding="utf-8")
    for name, formulas in (("formulas", FORMULAS), ("benchmark formulas", BENCHMARK_FORMULAS)):
        made = f"<!-- {name} -->\n{formula_table(formulas.values())}\n<!-- end -->"
        page = re.sub(rf"<!-- {name} -->\n.*?<!-- end -->", lambda _, made=made: made, page, flags=re.DOTALL)
    return page


def scores_page(store: Path | None = None) -> str:
    """docs/simulator-scores.md with its table made anew from sample_data: in `store`, or else ingested for it."""
    from tcakit.jobs.ingest import IngestRequest, ingest
    from tcakit.jobs.simulate_score import ScoreRequest, simulate_score
    from tcakit.report.score_table import score_table

    with tempfile.TemporaryDirectory() as folder:
        if store is None:
            store = Path(folder) / "store"
            ingest(store, IngestRequest(paths=(DOCS.parent / "sample_data" / "lobster",)))
        result = simulate_score(store, ScoreRequest("ALFA", "2026-03-04", "ALFA", "2026-03-03"))
    page = (DOCS / "simulator-scores.md").read_text(encoding="utf-8")
    made = f"<!-- scores -->\n{score_table(result)}\n<!-- end -->"
    return re.sub(r"<!-- scores -->\n.*?<!-- end -->", lambda _: made, page, flags=re.DOTALL)


def sample_page() -> str:
    """docs/simulator.md with its table of what is in sample_data made anew from its files."""
    rows = [
        "| day | prints | shares | mean spread, ticks | high less low, % | signs 1, 10 apart |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for path in sorted((DOCS.parent / "sample_data" / "csv").glob("*_quotes.csv.gz")):
        rows.append(_sample_row(path))
    page = (DOCS / "simulator.md").read_text(encoding="utf-8")
    made = "<!-- sample -->\n" + "\n".join(rows) + "\n<!-- end -->"
    return re.sub(r"<!-- sample -->\n.*?<!-- end -->", lambda _: made, page, flags=re.DOTALL)


def _sample_row(path: Path) -> str:
    import numpy as np
    import polars as pl

    quotes = pl.read_csv(path, infer_schema_length=None)
    trades = pl.read_csv(path.with_name(path.name.replace("quotes", "trades")), infer_schema_length=None)
    held = quotes["timestamp"].str.to_datetime(time_unit="ns").cast(pl.Int64).to_numpy()
    held = np.append(np.diff(held), 0)
    spread = np.average((quotes["ask"] - quotes["bid"]).to_numpy() * 100, weights=held)
    mid = ((quotes["bid"] + quotes["ask"]) / 2).to_numpy()
    # One sign an order that took: executions of one instant are one.
    taken = trades.filter(pl.col("condition").is_null()).unique("timestamp", keep="first", maintain_order=True)
    sign = (taken["side"] == "buy").to_numpy() * 2.0 - 1.0
    sign -= sign.mean()
    near, far = (float(np.mean(sign[:-lag] * sign[lag:]) / sign.var()) for lag in (1, 10))
    symbol, date = path.name.split("_")[:2]
    reach = 100 * (mid.max() - mid.min()) / mid.mean()
    return (
        f"| {symbol} {date} | {trades.height:,} | {trades['size'].sum():,} | {spread:.1f} | {reach:.2f} | "
        f"{near:.2f}, {far:.2f} |"
    )


def _verbs(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The command and all below it, hidden ones left out."""
    yield path, command
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        if not inner.hidden:
            yield from _verbs(inner, (*path, name))


def _about(path: tuple[str, ...], verb: Any) -> Iterator[str]:
    """What the verb says of itself, how it is called, and its parameters in a table."""
    help_text = inspect.cleandoc(verb.help or "").replace("\b", "").replace("\f", "").strip()
    if help_text:
        yield from (*help_text.splitlines(), "")
    shown = [parameter for parameter in verb.params if not getattr(parameter, "hidden", False)]
    arguments = [_argument(parameter) for parameter in shown if parameter.param_type_name == "argument"]
    below = ["COMMAND"] if getattr(verb, "commands", None) else []
    yield from ("```text", " ".join([*path, "[OPTIONS]", *arguments, *below]), "```")
    rows = [_row(parameter) for parameter in shown]
    if rows:
        yield from ("", "| parameter | meaning | default |", "|---|---|---|", *rows)


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name).upper() + ("..." if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = f"`{_argument(parameter)}`"
    else:
        name = " ".join(f"`{flag}`" for flag in (*parameter.opts, *parameter.secondary_opts))
    meaning = " ".join((getattr(parameter, "help", None) or "").split()).replace("|", "\\|")
    return f"| {name} | {meaning} | {_default(parameter)} |"


def _default(parameter: Any) -> str:
    """What holds when the parameter is not given; nothing for switches and for machine-dependent values."""
    if parameter.required:
        return "required"
    default = parameter.default
    if isinstance(default, bool) or not isinstance(default, str | int | float | PurePath) or default == "":
        return ""
    if isinstance(default, PurePath) and default.is_absolute():
        return ""
    return f"`{default}`"


def main() -> int:
    """Write the pages; 1, with the reason on stderr, if one cannot be made."""
    failed = 0
    for name, page in (
        ("tables.md", tables_page),
        ("cli.md", command_page),
        ("impact.md", impact_page),
        ("tca.md", costs_page),
        ("simulator-scores.md", scores_page),
        ("simulator.md", sample_page),
    ):
        try:
            text = page()
        except (ImportError, AttributeError) as error:
            print(f"docs/{name} is left as it is: {error}", file=sys.stderr)
            failed = 1
            continue
        (DOCS / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}: {len(text.splitlines())} lines")
    return failed


if __name__ == "__main__":
    sys.exit(main())
