"use strict";
(() => {
  const { data, at, choices } = Page;
  const { x: X, y: Y, measures } = data.maps;
  const LABELS = ["refused", "complied", "incoherent", "coherent-benign"];

  let measure = measures[0];
  let chosen = null;
  let here = [Grid.nearest(X.values, 0), Grid.nearest(Y.values, 0)];

  // A fine map carries responses from some of its places: the nearest of them is read.
  const carried = data.examples.places.map(({ place }) =>
    [place % X.values.length, Math.floor(place / X.values.length)]);

  function read() {
    const far = ([ix, iy]) => Math.hypot(X.values[ix] - X.values[here[0]], Y.values[iy] - Y.values[here[1]]);
    return carried.reduce((best, one) => (far(one) < far(best) ? one : best), carried[0] || here);
  }

  const reader = Page.reader(() => Grid.number(...read()), () => {
    const from = read();
    at("at-x").value = String(here[0]);
    at("at-y").value = String(here[1]);
    at("from").textContent = Grid.number(...from) === Grid.number(...here) ? ""
      : `The page carries no responses from here. These are from ${Grid.coordinates(...from)}.`;
  });

  const tip = Flat.tip();
  const panel = (id, large) => new Flat.Panel(at(id), { large, tip, pick });
  const basin = new Basin(at("basin"));
  const chart = panel("map", true);
  const labels = LABELS.map((name) => [panel(`map-${name}`, false), measures.find((one) => one.name === name)]);

  function drawAll() {
    basin.show(measure);
    chart.show(measure, chosen);
    for (const [one, shown] of labels) if (shown) one.show(shown, chosen);
    return Promise.resolve();
  }

  function select(ix, iy) {
    here = [ix, iy];
    chosen = here;
    reader.offer(Grid.coordinates(ix, iy));
    reader.read();
    return drawAll();
  }

  function pick(ix, iy) {
    select(ix, iy);
    reader.scrollTo();
  }

  X.texts.forEach((text, i) => at("at-x").append(new Option(text, String(i))));
  Y.texts.forEach((text, i) => at("at-y").append(new Option(text, String(i))));
  at("at-x").addEventListener("change", (event) => select(Number(event.target.value), here[1]));
  at("at-y").addEventListener("change", (event) => select(here[0], Number(event.target.value)));
  choices("measures", measures.map(({ name, title }) => [name, title]), (name) => {
    measure = measures.find((one) => one.name === name);
    drawAll();
  });

  Page.start(drawAll);
})();
