"use strict";
// Shared by the scripts of the page, which stand in one element one after the other.
const tcakit = (function () {
  const report = JSON.parse(document.getElementById("report-data").textContent);
  const darkScheme = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 600px)");
  const drawn = new Map(); // element -> the function that gives its figure, once it was drawn
  const waiting = new Map(); // element -> the same, until the reader comes near it
  let printing = false;

  // ---- colours: charts carry the light palette; on a dark screen each colour is exchanged -------------------
  function recolour(value) {
    if (printing || !darkScheme.matches) return value;
    if (typeof value === "string") {
      return value.startsWith("#")
        ? value.replace(/^#[0-9a-f]{6}/, (colour) => report.dark[colour] || colour)
        : value;
    }
    if (Array.isArray(value)) {
      // Columns of numbers are long and hold no colour; a colour scale is pairs of a number and a colour.
      return typeof value[value.length - 1] === "number" ? value : value.map(recolour);
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, recolour(held)]));
    }
    return value;
  }

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  // On a phone a title breaks where it must: plotly would run it out of the picture.
  function broken(text) {
    if (!narrow.matches || !text || text.includes("<br>")) return text;
    const lines = [""];
    for (const word of text.split(" ")) {
      if (lines[lines.length - 1].length + word.length > 32) lines.push("");
      lines[lines.length - 1] += (lines[lines.length - 1] ? " " : "") + word;
    }
    return lines.join("<br>");
  }

  function axis(own) {
    const title = Object.assign({ standoff: 12, font: { size: narrow.matches ? 10 : 12, color: colour("muted") } }, own && own.title);
    return Object.assign(
      { gridcolor: colour("line"), zerolinecolor: colour("muted"), linecolor: colour("line"), automargin: true },
      own,
      { title: Object.assign(title, { text: broken(title.text) }) }
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

  // ---- the library, unpacked when the first chart is wanted ------------------------------------------------------
  async function unpack() {
    const text = document.getElementById("packed-plotly").textContent;
    const bytes = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.appendChild(script); // the page's policy knows its hash
  }

  let library = null;
  function loaded() {
    if (!library) {
      library = unpack().catch((error) => {
        const note = document.getElementById("no-charts");
        if (note) note.hidden = false;
        throw error;
      });
    }
    return library;
  }

  function drawNow(element, figureOf) {
    const own = recolour(figureOf());
    if (narrow.matches) {
      own.data = own.data.map((trace) => {
        if (!trace.textfont) return trace;
        // A heat map's cells are too small for words here; the table has them.
        const change = trace.type === "heatmap" ? { texttemplate: "" } : { textfont: { size: 9 } };
        return Object.assign({}, trace, change);
      });
    }
    Plotly.react(element, own.data, layoutOf(own.layout), {
      displaylogo: false,
      responsive: true,
      plotlyServerURL: "",
      modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    });
    drawn.set(element, figureOf);
    waiting.delete(element);
  }

  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting || !waiting.has(entry.target)) continue;
      near.unobserve(entry.target);
      loaded().then(() => { if (waiting.has(entry.target)) drawNow(entry.target, waiting.get(entry.target)); }, () => {});
    }
  }, { rootMargin: "300px 0px" });

  // Draw a figure when the reader comes near its place; at once where it was drawn before.
  function draw(element, figureOf) {
    if (drawn.has(element)) { drawNow(element, figureOf); return; }
    waiting.set(element, figureOf);
    near.observe(element);
  }

  function redraw() {
    for (const [element, figureOf] of Array.from(drawn)) drawNow(element, figureOf);
  }

  darkScheme.addEventListener("change", redraw);
  narrow.addEventListener("change", redraw);
  window.addEventListener("beforeprint", () => {
    printing = true;
    if (!window.Plotly) return;
    for (const [element, figureOf] of Array.from(waiting)) if (!element.closest("[hidden]")) drawNow(element, figureOf);
    redraw();
  });
  window.addEventListener("afterprint", () => { printing = false; redraw(); });
  // The library is unpacked once the page stands, so that it is there when the reader scrolls or prints.
  if (Object.keys(report.figures).length || report.orders.length) {
    if (document.readyState === "complete") loaded().catch(() => {});
    else window.addEventListener("load", () => loaded().catch(() => {}));
  }

  // ---- numbers as text, as the rest of the page writes them ------------------------------------------------------
  const MISSING = "\u2013";

  function numberText(value, fewest, most) {
    if (value === null) return MISSING;
    let text = value.toFixed(most === undefined ? fewest : most);
    if (most !== undefined && text.includes(".")) {
      let end = text.length;
      const shortest = text.indexOf(".") + 1 + fewest;
      while (end > shortest && text[end - 1] === "0") end -= 1;
      text = text.slice(0, end).replace(/\.$/, "");
    }
    const negative = text.startsWith("-") && /[1-9]/.test(text);
    const [whole, decimals] = text.replace("-", "").split(".");
    return (negative ? "\u2212" : "") + whole.replace(/\B(?=(\d{3})+$)/g, ",") + (decimals ? "." + decimals : "");
  }

  function plain(text) {
    return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }

  return { report, narrow, draw, colour, numberText, plain, MISSING };
})();
