// ---- tables that sort, filter and turn pages -----------------------------------------------------------------------
// A source gives titles, how many rows there are, a row's text and sorting value by column, and its element.
(function () {
  const { report, numberText, MISSING } = tcakit;
  const ROWS_A_PAGE = 100;
  const FILTER_FROM_ROWS = 8;
  const MOST_CHOICES = 12;

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  // Rows that stand in the page.
  function sourceOfRows(table) {
    const rows = Array.from(table.tBodies[0].rows).map((row) => ({
      row,
      texts: Array.from(row.cells, (cell) => cell.textContent.trim()),
      values: Array.from(row.cells, (cell) => {
        if (!("value" in cell.dataset)) return cell.textContent.trim();
        return cell.dataset.value === "" ? null : Number(cell.dataset.value);
      }),
    }));
    return {
      count: rows.length,
      text: (row, column) => rows[row].texts[column] || "",
      value: (row, column) => rows[row].values[column],
      element: (row) => rows[row].row,
      isText: (column) => rows.every((held) => typeof held.values[column] === "string"),
    };
  }

  // All orders, from the columns the page carries.
  function sourceOfOrders(columns) {
    const opened = new Set(report.orders.map((order) => order.id));
    const two = (number) => String(number).padStart(2, "0");
    const texts = {
      id: (value) => value,
      time: (value) => value === null ? MISSING
        : two(Math.floor(value / 3600)) + ":" + two(Math.floor(value / 60) % 60) + ":" + two(value % 60),
      count: (value) => numberText(value, 0, 8),
      number: (value) => numberText(value, 2),
      percent: (value) => value === null ? MISSING : numberText(value, 1) + " %",
      price: (value) => numberText(value, 2, 6),
    };
    const text = (row, column) => {
      const held = columns[column];
      return held.kind === "text" ? held.words[held.data[row]] : texts[held.kind](held.data[row]);
    };
    const cost = columns.findIndex((column) => column.key === "total_cost");
    return {
      count: columns[0].data.length,
      text,
      value: (row, column) => columns[column].kind === "text" ? text(row, column) : columns[column].data[row],
      isText: (column) => columns[column].kind === "text",
      element: (row) => {
        const line = document.createElement("tr");
        if (columns[cost].data[row] === null) line.className = "unpriced";
        columns.forEach((column, place) => {
          const shown = text(row, place);
          const cell = document.createElement(place ? "td" : "th");
          if (!place) {
            cell.scope = "row";
            if (opened.has(shown)) {
              const button = make("button", { type: "button", className: "link", textContent: shown });
              button.addEventListener("click", () => tcakit.openOrder(shown));
              cell.append(button);
            } else cell.textContent = shown;
          } else {
            cell.textContent = column.wide && shown === MISSING ? "" : shown;
            if (column.wide) { cell.className = "wide"; cell.title = cell.textContent; }
            else if (column.kind !== "text") cell.className = "n";
            if (column.key) cell.dataset.key = "parents." + columns[0].data[row] + "." + column.key;
          }
          line.append(cell);
        });
        return line;
      },
    };
  }

  function enhance(table, source) {
    const body = table.tBodies[0];
    const headings = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells);
    const filters = new Map(); // column -> wanted text
    let words = [];
    let order = Array.from({ length: source.count }, (_, row) => row);
    let shown = order;
    let page = 0;
    const told = make("span", { className: "told" });
    told.setAttribute("role", "status");
    const earlier = make("button", { type: "button", className: "turn", textContent: "Earlier" });
    const later = make("button", { type: "button", className: "turn", textContent: "Later" });

    function show() {
      const pages = Math.max(1, Math.ceil(shown.length / ROWS_A_PAGE));
      page = Math.min(Math.max(page, 0), pages - 1);
      const first = page * ROWS_A_PAGE;
      const rows = shown.slice(first, first + ROWS_A_PAGE);
      body.replaceChildren(...rows.map(source.element));
      earlier.hidden = later.hidden = pages === 1;
      earlier.disabled = page === 0;
      later.disabled = page === pages - 1;
      const all = numberText(source.count, 0);
      const found = shown.length === source.count ? all + " rows" : numberText(shown.length, 0) + " of " + all + " rows";
      told.textContent = pages === 1 ? found : found + ", " + numberText(first + 1, 0) + " to "
        + numberText(first + rows.length, 0) + " shown";
    }

    function keep() {
      shown = order.filter((row) => {
        for (const [column, wanted] of filters) if (source.text(row, column) !== wanted) return false;
        if (!words.length) return true;
        const text = headings.map((_, column) => source.text(row, column)).join("\n").toLowerCase();
        return words.every((word) => text.includes(word));
      });
      page = 0;
      show();
    }

    function sortBy(column, heading) {
      const down = heading.getAttribute("aria-sort") !== "descending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      order.sort((a, b) => {
        const [left, right] = [source.value(a, column), source.value(b, column)];
        if (left === null || right === null) return (left === null) - (right === null);
        const step = typeof left === "number" && typeof right === "number"
          ? left - right : String(left).localeCompare(String(right));
        return down ? -step : step;
      });
      keep();
    }

    headings.forEach((heading, column) => {
      heading.tabIndex = 0;
      heading.addEventListener("click", () => sortBy(column, heading));
      heading.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sortBy(column, heading); }
      });
    });
    if (source.count < FILTER_FROM_ROWS) { if (source.count) show(); return; }

    const tools = make("div", { className: "table-tools" });
    const box = make("input", { type: "search", autocomplete: "off", placeholder: "words in any column" });
    box.addEventListener("input", () => { words = box.value.toLowerCase().split(/\s+/).filter(Boolean); keep(); });
    tools.append(make("label", {}, make("span", { textContent: "Filter" }), box));
    headings.forEach((heading, column) => {
      if (!source.isText(column)) return;
      const choices = new Set();
      for (let row = 0; row < source.count && choices.size <= MOST_CHOICES; row += 1) choices.add(source.text(row, column));
      if (choices.size < 2 || choices.size > MOST_CHOICES || choices.size === source.count) return;
      if (heading.classList.contains("wide")) return;
      const list = make("select", {}, make("option", { value: "", textContent: "all" }));
      const sorted = Array.from(choices).sort((a, b) => a.localeCompare(b));
      sorted.forEach((choice, place) => list.append(make("option", { value: String(place), textContent: choice || MISSING })));
      list.addEventListener("change", () => {
        if (list.value === "") filters.delete(column); else filters.set(column, sorted[Number(list.value)]);
        keep();
      });
      tools.append(make("label", {}, make("span", { textContent: heading.textContent.trim() }), list));
    });
    earlier.addEventListener("click", () => { page -= 1; show(); });
    later.addEventListener("click", () => { page += 1; show(); });
    tools.append(make("span", { className: "turns" }, told, earlier, later));
    const frame = table.closest(".scroll") || table;
    frame.before(tools);
    show();
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    const orders = table.id === "order-table" && report.table && report.table[0].data.length;
    enhance(table, orders ? sourceOfOrders(report.table) : sourceOfRows(table));
  }
})();
