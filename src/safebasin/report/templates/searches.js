"use strict";
(() => {
  const { data, at, draw, choices } = Page;
  const { points } = data;

  // What is shown: one kind of probes, and the place that was chosen; before that, the origin.
  let probes = data.charts.probes[0];
  const home = points.findIndex(([, x]) => x === 0);
  let index = home;
  let chosen = false;

  // The origin is one place, that of the first direction.
  const place = () => (points[index][1] === 0 ? home : index);

  const reader = Page.reader(place, () => {
    const [direction] = points[index];
    at("direction").value = String(direction);
    at("alpha").replaceChildren(...points.flatMap(
      ([own, , text], i) => (own === direction ? [new Option(text, String(i))] : [])));
    at("alpha").value = String(index);
  });

  function drawAll() {
    const x = points[index][1];
    const here = { type: "line", yref: "paper", x0: x, x1: x, y0: 0, y1: 1,
      line: { color: "@accent", width: 2 } };
    return Promise.all([
      draw("chart-searches", data.charts.searches),
      draw("chart-probes", probes, chosen ? [here] : []),
    ]);
  }

  // Shows a kind of prompts that was asked at this place: `wanted`, or the one that is shown, or
  // whichever there is.
  function showKind(asked, wanted) {
    const button = (kind) => at("kinds").querySelector(`[data-name=${kind}]`);
    const shown = at("kinds").querySelector("[aria-pressed=true]").dataset.name;
    const kind = [wanted || shown, ...asked].find((one) => one === "all" || asked.includes(one));
    if (kind && kind !== shown) button(kind).click();
  }

  function select(newIndex, kind) {
    index = newIndex;
    chosen = true;
    const [direction, x, text, asked] = points[index];
    reader.offer(x === 0 ? "the origin" : `α = ${text}, direction ${direction}`);
    showKind(asked, kind);
    reader.read();
    return drawAll();
  }

  // The place of a direction that is nearest to a coordinate.
  function nearest(direction, x) {
    const own = points.map((_, i) => i).filter((i) => points[i][0] === direction);
    const distance = (i) => Math.abs(points[i][1] - x);
    return own.reduce((best, i) => (distance(i) < distance(best) ? i : best));
  }

  function step(by) {
    const next = points[index + by];
    if (next && next[0] === points[index][0]) select(index + by);
  }

  function onClick(id) {
    at(id).on("plotly_click", (event) => {
      const { data: trace, pointNumber } = event.points[0];
      const number = trace.meta && trace.meta[pointNumber];
      if (number === null || number === undefined) return;
      select(number, trace.name);
      reader.scrollTo();
    });
  }

  for (const d of new Set(points.map(([own]) => own))) {
    at("direction").append(new Option(String(d), String(d)));
  }
  at("direction").addEventListener("change", (e) =>
    select(nearest(Number(e.target.value), points[index][1])));
  at("alpha").addEventListener("change", (e) => select(Number(e.target.value)));
  at("before").addEventListener("click", () => step(-1));
  at("after").addEventListener("click", () => step(1));
  choices("edge-kinds", data.charts.probes.map(({ name, title }) => [name, title]), (name) => {
    probes = data.charts.probes.find((one) => one.name === name);
    drawAll();
  });

  Page.start(drawAll, () => ["chart-searches", "chart-probes"].forEach(onClick));
})();
