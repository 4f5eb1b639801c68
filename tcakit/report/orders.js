// ---- one order at a time ------------------------------------------------------------------------------------------
(function () {
  const { report, narrow, draw, colour, numberText, plain, MISSING } = tcakit;
  let current = null;

  function summed(differences, unit) {
    let level = 0;
    return differences.map((step) => (step === null ? null : (level += step) * unit));
  }

  function priceText(value) { return numberText(value, 2, 6); }

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

  function eventRow(event) {
    const row = document.createElement("tr");
    const texts = [event[0], event[1], event[2] || MISSING, event[3] || MISSING,
      event[4] === null ? MISSING : priceText(event[4]), numberText(event[5], 0, 8), event[6] || MISSING,
      event[7] === null ? MISSING : numberText(event[7], 2, 8)];
    texts.forEach((text, column) => {
      const cell = document.createElement("td");
      cell.textContent = text;
      if (column === 4 || column === 5 || column === 7) cell.className = "n";
      row.appendChild(cell);
    });
    return row;
  }

  function byId(name) { return document.getElementById(name); }

  function depthFigure(order) {
    const depth = order.depth;
    const at = (step) => order.base_ms + step * order.unit_ms;
    const shares = depth.sizes.map((row) => row.map((size) => (size ? Math.log10(size) : null)));
    const told = depth.sizes.map((row) => row.map((size) => numberText(size, 0, 2)));
    const largest = order.fills.reduce((most, fill) => Math.max(most, fill[2]), 0) || 1;
    return {
      data: [
        { type: "heatmap", x: depth.times.map(at), y: depth.prices, z: shares, text: told, showscale: false, ygap: 1,
          colorscale: [[0, colour("accent") + "14"], [1, colour("accent")]],
          hovertemplate: "%{x|%H:%M:%S.%L}<br><b>%{text} shares at %{y}</b><extra></extra>" },
        { type: "scatter", mode: "markers", name: "Our fills",
          x: order.fills.map((fill) => at(fill[0])), y: order.fills.map((fill) => fill[1]), hoverinfo: "skip",
          marker: { color: colour("cost"), line: { width: 1, color: colour("card") },
            size: order.fills.map((fill) => 5 + 9 * Math.sqrt(fill[2] / largest)) } },
      ],
      layout: {
        height: narrow.matches ? 360 : 420, showlegend: false, hovermode: "closest",
        xaxis: { type: "date", range: order.window.map(at), title: { text: "Time of day" }, showgrid: false },
        yaxis: { title: { text: "Price (" + plain(order.currency) + ")" }, showgrid: false, zeroline: false },
      },
    };
  }

  function progressFigure(order) {
    const minutes = order.progress.map((row) => row[0] / 60);
    const line = (column, name, paint, dash) => ({
      type: "scatter", mode: "lines", name, x: minutes, y: order.progress.map((row) => row[column] === null ? null : row[column] * 100),
      line: { color: colour(paint), width: 2.5, dash, shape: column === 1 ? "hv" : "linear" },
      hovertemplate: "%{x:.1f} min: %{y:.1f} %<extra>" + name + "</extra>",
    });
    return {
      data: [line(1, "Filled, of ordered", "accent", "solid"), line(2, "The market, of its volume in that time", "muted", "dash")],
      layout: {
        height: 300, hovermode: "x unified", legend: { orientation: "h", y: 1.2, x: 0 },
        xaxis: { title: { text: "Minutes from arrival" } },
        yaxis: { title: { text: "%" }, rangemode: "tozero" },
      },
    };
  }

  function drawProgress(order) {
    byId("order-progress").hidden = !order.progress.length;
    if (!order.progress.length) return;
    byId("order-progress-table").tBodies[0].replaceChildren(...order.progress.map((row) => {
      const line = document.createElement("tr");
      const texts = [numberText(row[0], 0), ...row.slice(1).map((part) => part === null ? MISSING : numberText(part * 100, 1) + " %")];
      fill(line, "td", texts);
      for (const cell of line.cells) cell.className = "n";
      return line;
    }));
    draw(byId("order-progress-chart"), () => progressFigure(order));
  }

  function drawDepth(order) {
    byId("order-depth").hidden = !order.depth;
    if (!order.depth) return;
    byId("order-depth-note").textContent = order.depth.note;
    byId("order-depth-table").tBodies[0].replaceChildren(...order.depth.levels.map((level) => {
      const row = document.createElement("tr");
      level.forEach((value, column) => {
        const cell = document.createElement("td");
        cell.textContent = column ? numberText(value, 0, 0) : String(value);
        if (column) cell.className = "n";
        row.append(cell);
      });
      return row;
    }));
    draw(byId("order-depth-chart"), () => depthFigure(order));
  }

  function drawOrder() {
    const order = report.orders[current];
    const chart = byId("order-chart");
    const drawable = order.quotes !== null || order.fills.length > 0;
    chart.hidden = !drawable;
    byId("order-nochart").hidden = order.quotes !== null;
    byId("order-nochart").textContent = drawable
      ? "No quotes are stored for this order: only its fills are drawn."
      : "No quotes and no fills are stored for this order, so there is nothing to draw.";
    if (drawable) draw(chart, () => orderFigure(order));
    drawDepth(order);
    drawProgress(order);
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
    byId("order-benchmarks").hidden = !order.benchmarks.length;
    byId("order-benchmarks").querySelector("tbody").replaceChildren(...order.benchmarks.map((texts) => {
      const row = document.createElement("tr");
      fill(row, "td", texts);
      row.cells[1].className = row.cells[2].className = "n";
      return row;
    }));
    byId("order-left-out").textContent = order.events_left_out
      ? order.events_left_out.toLocaleString("en-US") + " later rows are left out here."
      : order.events.length ? "All " + order.events.length + " rows are shown." : "No child orders and no fills.";
    for (const button of document.querySelectorAll(".order")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.index) === index));
    }
    drawOrder();
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
  }

  tcakit.openOrder = function (name) {
    const index = report.orders.findIndex((order) => order.id === name);
    if (index < 0) return;
    open(index);
    byId("drilldown").scrollIntoView();
  };

  if (report.orders.length && list) open(0);
})();
