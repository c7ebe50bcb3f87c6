"use strict";
(() => {
  const { data, at, draw, choices } = Page;

  let measure = data.charts.overlay.measures[0];
  const hidden = new Set();
  const shown = (trace) => !hidden.has(trace.meta);

  function drawAll() {
    const overlay = { ...data.charts.overlay, data: measure.data.filter(shown) };
    return Promise.all([
      draw("chart-overlay", overlay),
      ...data.charts.forest.map((panel) => draw(`chart-forest-${panel.name}`, panel)),
    ]);
  }

  choices("measures", data.charts.overlay.measures.map(({ name, title }) => [name, title]),
    (name) => {
      measure = data.charts.overlay.measures.find((one) => one.name === name);
      drawAll();
    });

  for (const button of at("runs").children) {
    const run = Number(button.dataset.run);
    button.addEventListener("click", () => {
      if (!hidden.delete(run)) hidden.add(run);
      button.setAttribute("aria-pressed", !hidden.has(run));
      drawAll();
    });
  }

  Page.start(drawAll);
})();
