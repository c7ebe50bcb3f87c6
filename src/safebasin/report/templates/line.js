"use strict";
(() => {
  const { data, at, draw } = Page;
  const charts = Object.entries(data.charts).filter(([, chart]) => chart !== null);

  // What is shown: the place that was chosen; before that, the first checkpoint.
  let index = data.points.reduce(
    (best, [t], i) => (Math.abs(t) < Math.abs(data.points[best][0]) ? i : best), 0);
  let chosen = false;

  const reader = Page.reader(() => index, () => { at("position").value = String(index); });

  function drawAll() {
    const t = data.points[index][0];
    const here = { type: "line", yref: "paper", x0: t, x1: t, y0: 0, y1: 1,
      line: { color: "@accent", width: 2 } };
    const along = (name) => chosen && name !== "layers";
    return Promise.all(
      charts.map(([name, chart]) => draw(`chart-${name}`, chart, along(name) ? [here] : [])));
  }

  function select(newIndex) {
    index = Math.min(Math.max(newIndex, 0), data.points.length - 1);
    chosen = true;
    reader.offer(`t = ${data.points[index][1]}`);
    reader.read();
    return drawAll();
  }

  function onClick(id) {
    at(id).on("plotly_click", (event) => {
      const distance = ([t]) => Math.abs(t - event.points[0].x);
      select(data.points.reduce(
        (best, one, i) => (distance(one) < distance(data.points[best]) ? i : best), 0));
      reader.scrollTo();
    });
  }

  data.points.forEach(([, text], i) => at("position").append(new Option(text, String(i))));
  at("position").addEventListener("change", (event) => select(Number(event.target.value)));
  at("before").addEventListener("click", () => select(index - 1));
  at("after").addEventListener("click", () => select(index + 1));

  Page.start(drawAll, () => {
    for (const [name] of charts) {
      if (name !== "layers") onClick(`chart-${name}`);
    }
  });
})();
