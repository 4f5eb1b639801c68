"use strict";
(function () {
  const report = JSON.parse(document.getElementById("report-data").textContent);
  const darkScheme = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 600px)");
  const MISSING = "\u2013";
  let printing = false;
  let current = null;

  // ---- colours: charts carry the light palette; on a dark screen each colour is exchanged -------------------
  function recolour(value) {
    if (printing || !darkScheme.matches) return value;
    if (typeof value === "string") {
      return value.startsWith("#")
        ? value.replace(/^#[0-9a-f]{6}/, (colour) => report.dark[colour] || colour)
        : value;
    }
    if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(recolour);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, recolour(held)]));
    }
    return value;
  }

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  function axis(own) {
    return Object.assign(
      { gridcolor: colour("line"), zerolinecolor: colour("muted"), linecolor: colour("line"), automargin: true },
      own,
      { title: Object.assign({ standoff: 12, font: { size: 12, color: colour("muted") } }, own && own.title) }
    );
  }

  function layoutOf(own) {
    const tight = narrow.matches;
    const layout = Object.assign(
      {
        height: 420,
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: getComputedStyle(document.body).fontFamily, size: tight ? 10 : 12, color: colour("ink") },
        margin: { l: tight ? 44 : 64, r: tight ? 10 : 24, t: 24, b: 48 },
        hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("ink") } },
        separators: ".,",
        modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("muted"), activecolor: colour("accent") },
      },
      own
    );
    layout.xaxis = axis(own.xaxis);
    layout.yaxis = axis(own.yaxis);
    if (printing) Object.assign(layout, { width: 680, height: Math.min(layout.height, Math.round(layout.height * 0.5 + 120)) });
    return layout;
  }

  function draw(element, figure) {
    const own = recolour(figure);
    if (narrow.matches) {
      own.data = own.data.map((trace) => (trace.textfont ? Object.assign({}, trace, { textfont: { size: 9 } }) : trace));
    }
    Plotly.react(element, own.data, layoutOf(own.layout), {
      displaylogo: false,
      responsive: true,
      plotlyServerURL: "",
      modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    });
  }

  // ---- one order ---------------------------------------------------------------------------------------------
  function plain(text) {
    return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }

  function summed(differences, unit) {
    let level = 0;
    return differences.map((step) => (step === null ? null : (level += step) * unit));
  }

  function priceText(value) {
    return value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 6 }).replace("-", "\u2212");
  }

  function orderFigure(order) {
    const at = (step) => order.base_ms + step * order.unit_ms;
    const span = order.window.map(at);
    const traces = [];
    const seen = [];
    if (order.quotes) {
      const x = summed(order.quotes.times, 1).map(at);
      const unit = order.quotes.price_unit;
      const bid = summed(order.quotes.bids, unit);
      const ask = summed(order.quotes.asks, unit);
      const mid = bid.map((value, row) => (value === null || ask[row] === null ? null : (value + ask[row]) / 2));
      const both = bid.map((value, row) => [
        value === null ? MISSING : priceText(value),
        ask[row] === null ? MISSING : priceText(ask[row]),
      ]);
      for (const side of [bid, ask]) for (const value of side) if (value !== null) seen.push(value);
      const edge = { shape: "hv", width: 0.6, color: colour("mid") + "66" };
      traces.push(
        { type: "scatter", mode: "lines", x, y: bid, line: edge, hoverinfo: "skip", showlegend: false, legendgroup: "quote" },
        { type: "scatter", mode: "lines", x, y: ask, line: edge, fill: "tonexty", fillcolor: colour("mid") + "2e",
          hoverinfo: "skip", name: "Bid to offer", legendgroup: "quote" },
        { type: "scatter", mode: "lines", x, y: mid, customdata: both, name: "Mid",
          line: { shape: "hv", width: 1.3, color: colour("mid") },
          hovertemplate: "%{x|%H:%M:%S.%L}<br>bid %{customdata[0]}, offer %{customdata[1]}<extra></extra>" }
      );
    }
    const largest = order.fills.reduce((most, fill) => Math.max(most, fill[2]), 0) || 1;
    const kinds = [
      ["maker", "Maker fills", "diamond", "gain"],
      ["taker", "Taker fills", "circle", "cost"],
      [null, "Fills, liquidity unknown", "square", "total"],
    ];
    for (const [liquidity, name, symbol, paint] of kinds) {
      const fills = order.fills.filter((fill) => fill[3] === liquidity);
      if (!fills.length) continue;
      traces.push({
        type: "scatter", mode: "markers", name: name + " (" + fills.length + ")",
        x: fills.map((fill) => at(fill[0])),
        y: fills.map((fill) => fill[1]),
        customdata: fills.map((fill) => [priceText(fill[1]), fill[2].toLocaleString("en-US"), plain(fill[4] || "")]),
        hovertemplate: "%{x|%H:%M:%S.%L}<br><b>%{customdata[1]} at %{customdata[0]}</b><br>" +
          (liquidity || "liquidity unknown") + " %{customdata[2]}<extra></extra>",
        marker: { symbol, color: colour(paint), opacity: 0.9,
          size: fills.map((fill) => 6 + 11 * Math.sqrt(fill[2] / largest)),
          line: { width: 1, color: colour("card") } },
      });
      for (const fill of fills) seen.push(fill[1]);
    }
    const styles = {
      Decision: ["muted", "dot"], Arrival: ["ink", "dash"], "Interval VWAP": ["vwap", "dashdot"],
      TWAP: ["twap", "6px,3px"], Limit: ["limit", "solid"], Average: ["total", "dot"],
    };
    for (const [name, value] of order.lines) if (name !== "Limit") seen.push(value);
    let low = seen.length ? seen.reduce((a, b) => Math.min(a, b)) : 0;
    let high = seen.length ? seen.reduce((a, b) => Math.max(a, b)) : 1;
    const reach = high - low || Math.abs(high) * 1e-3 || 1;
    for (const [name, value] of order.lines) {
      let label = name + " " + priceText(value);
      if (name === "Limit") {
        if (value < low - reach / 2) label += " (below the chart)";
        else if (value > high + reach / 2) label += " (above the chart)";
        else { low = Math.min(low, value); high = Math.max(high, value); }
      }
      traces.push({
        type: "scatter", mode: "lines", name: label, x: span, y: [value, value],
        visible: name === "Decision" || name === "Average" ? "legendonly" : true,
        line: { color: colour(styles[name][0]), dash: styles[name][1], width: name === "Limit" ? 2 : 1.6 },
        hovertemplate: label + "<extra></extra>",
      });
    }
    const marks = [["arrival", order.arrival], ["end", order.end]].filter((mark) => mark[1] !== null);
    const room = (high - low || reach) * 0.06;
    return {
      data: traces,
      layout: {
        height: narrow.matches ? 460 : 520,
        xaxis: { type: "date", range: span, title: { text: order.axis.split(", ").join(narrow.matches ? "<br>" : ", ") }, hoverformat: "%H:%M:%S.%L" },
        yaxis: { range: [low - room, high + room], title: { text: "Price (" + plain(order.currency) + ")" }, zeroline: false },
        hovermode: "closest",
        legend: { orientation: "h", y: narrow.matches ? -0.32 : -0.24, x: 0, yanchor: "top" },
        shapes: marks.map((mark) => ({
          type: "line", x0: at(mark[1]), x1: at(mark[1]), yref: "paper", y0: 0, y1: 1,
          line: { color: colour("muted"), width: 1, dash: "dot" },
        })),
        annotations: marks.map((mark, place) => ({
          x: at(mark[1]), yref: "paper", y: 1, yanchor: "top", xanchor: place ? "right" : "left",
          text: mark[0], showarrow: false, font: { size: 11, color: colour("muted") },
        })),
      },
    };
  }

  function fill(parent, tag, texts) {
    for (const text of texts) parent.appendChild(Object.assign(document.createElement(tag), { textContent: text }));
  }

  function numberText(value, decimals) {
    return value === null ? MISSING : value.toLocaleString("en-US", {
      minimumFractionDigits: decimals, maximumFractionDigits: Math.max(decimals, 8) }).replace("-", "\u2212");
  }

  function eventRow(event) {
    const row = document.createElement("tr");
    const texts = [event[0], event[1], event[2] || MISSING, event[3] || MISSING,
      event[4] === null ? MISSING : priceText(event[4]), numberText(event[5], 0), event[6] || MISSING,
      event[7] === null ? MISSING : numberText(event[7], 2)];
    texts.forEach((text, column) => {
      const cell = document.createElement("td");
      cell.textContent = text;
      if (column === 4 || column === 5 || column === 7) cell.className = "n";
      row.appendChild(cell);
    });
    return row;
  }

  function byId(name) { return document.getElementById(name); }

  function drawOrder() {
    const order = report.orders[current];
    const chart = byId("order-chart");
    const drawable = order.quotes !== null || order.fills.length > 0;
    chart.hidden = !drawable;
    byId("order-nochart").hidden = order.quotes !== null;
    byId("order-nochart").textContent = drawable
      ? "No quotes are stored for this order: only its fills are drawn."
      : "No quotes and no fills are stored for this order, so there is nothing to draw.";
    if (drawable) draw(chart, orderFigure(order));
  }

  function open(index) {
    current = index;
    const order = report.orders[index];
    byId("order-title").textContent = order.title;
    const facts = byId("order-facts");
    facts.replaceChildren();
    for (const [name, text] of order.facts) {
      const pair = document.createElement("div");
      fill(pair, "dt", [name]);
      fill(pair, "dd", [text]);
      facts.appendChild(pair);
    }
    byId("order-notes").textContent = order.notes;
    byId("order-notes").hidden = !order.notes;
    byId("order-zone").textContent = order.axis.split(", ").slice(1).join(", ");
    byId("order-events").tBodies[0].replaceChildren(...order.events.map(eventRow));
    byId("order-left-out").textContent = order.events_left_out
      ? order.events_left_out.toLocaleString("en-US") + " later rows are left out here."
      : order.events.length ? "All " + order.events.length + " rows are shown." : "No child orders and no fills.";
    for (const button of document.querySelectorAll(".order")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.index) === index));
    }
    drawOrder();
  }

  // ---- tables that sort -----------------------------------------------------------------------------------------
  function sortBy(table, column, heading) {
    const down = heading.getAttribute("aria-sort") !== "descending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => {
      const cell = row.cells[column];
      return "value" in cell.dataset ? (cell.dataset.value === "" ? null : Number(cell.dataset.value)) : cell.textContent;
    };
    const rows = Array.from(table.tBodies[0].rows);
    rows.sort((a, b) => {
      const [left, right] = [value(a), value(b)];
      if (left === null || right === null) return (left === null) - (right === null);
      const order = typeof left === "number" ? left - right : left.localeCompare(right);
      return down ? -order : order;
    });
    table.tBodies[0].append(...rows);
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    Array.from(table.tHead.rows[0].cells).forEach((heading, column) => {
      heading.tabIndex = 0;
      heading.addEventListener("click", () => sortBy(table, column, heading));
      heading.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sortBy(table, column, heading); }
      });
    });
  }

  // ---- the list of orders ---------------------------------------------------------------------------------------
  const list = byId("order-buttons");
  if (list) {
    list.addEventListener("click", (event) => {
      const button = event.target.closest(".order");
      if (button) open(Number(button.dataset.index));
    });
    list.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const shown = Array.from(list.querySelectorAll("li:not([hidden]) .order"));
      const next = shown[shown.indexOf(document.activeElement) + step];
      if (next) { next.focus(); open(Number(next.dataset.index)); }
    });
    byId("order-search").addEventListener("input", (event) => {
      const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      for (const item of list.children) {
        const text = item.textContent.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
        found += item.hidden ? 0 : 1;
      }
      byId("order-none").hidden = found > 0;
    });
    for (const button of document.querySelectorAll(".open-order")) {
      button.addEventListener("click", () => {
        open(Number(button.dataset.index));
        byId("drilldown").scrollIntoView();
      });
    }
  }

  function drawAll() {
    for (const [name, figure] of Object.entries(report.figures)) draw(byId("chart-" + name), figure);
    if (current !== null) drawOrder();
  }

  if (report.orders.length) open(0);
  drawAll();
  darkScheme.addEventListener("change", drawAll);
  narrow.addEventListener("change", drawAll);
  window.addEventListener("beforeprint", () => { printing = true; drawAll(); });
  window.addEventListener("afterprint", () => { printing = false; drawAll(); });
})();
