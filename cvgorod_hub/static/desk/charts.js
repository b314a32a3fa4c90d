// unfold draws the charts; here their words take the theme's colours, and a bar leads to the rows behind it.
window.addEventListener("load", () => {
  const charts = [...document.querySelectorAll(".desk-chart")]
    .map((place) => ({ chart: Chart.getChart(place.querySelector("canvas")), links: JSON.parse(place.dataset.links) }))
    .filter(({ chart }) => chart);
  charts.forEach(({ chart, links }) => lead(chart, links));
  const colour = () => charts.forEach(({ chart }) => follow(chart));
  colour();
  new MutationObserver(colour).observe(document.documentElement, { attributeFilter: ["class"] });
});

function follow(chart) {
  const words = getComputedStyle(document.querySelector(".desk")).getPropertyValue("--quiet").trim();
  for (const scale of Object.values(chart.options.scales)) {
    scale.ticks.color = words;
    scale.title.color = words;
  }
  chart.options.plugins.legend.labels.color = words;
  chart.update();
}

function lead(chart, links) {
  const linkAt = (event) => {
    const [bar] = chart.getElementsAtEventForMode(event, "nearest", { intersect: true }, true);
    return bar ? links[bar.index] : "";
  };
  chart.canvas.addEventListener("click", (event) => {
    const link = linkAt(event);
    if (link) location.assign(link);
  });
  chart.canvas.addEventListener("pointermove", (event) => {
    chart.canvas.style.cursor = linkAt(event) ? "pointer" : "";
  });
}
