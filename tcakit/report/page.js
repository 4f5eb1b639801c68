// ---- start: every chart of the page is drawn when the reader comes near it -----------------------------------------
for (const [name, figure] of Object.entries(tcakit.report.figures)) {
  const element = document.getElementById("chart-" + name);
  if (element) tcakit.draw(element, () => figure);
}
