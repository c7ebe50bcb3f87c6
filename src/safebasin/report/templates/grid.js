"use strict";
// The grid of points: where its cells lie, how they are coloured and written, where a share is half.
const Grid = (() => {
  const { data, colour } = Page;
  const { x: X, y: Y } = data.maps;
  const FULL = 10000;

  // The borders of cells lie half-way between values; a value alone has a cell of width 1.
  function borders(values) {
    const last = values.length - 1;
    if (last === 0) return [values[0] - 0.5, values[0] + 0.5];
    const middles = values.slice(1).map((value, i) => (value + values[i]) / 2);
    return [2 * values[0] - middles[0], ...middles, 2 * values[last] - middles[last - 1]];
  }

  const edgesX = borders(X.values);
  const edgesY = borders(Y.values);
  const share = (edges, value) => (value - edges[0]) / (edges[edges.length - 1] - edges[0]);
  const clamp = (value) => Math.min(1, Math.max(0, value));
  // Places in the field as shares of its width and height, from the top left.
  const across = (x) => share(edgesX, x);
  const down = (y) => 1 - share(edgesY, y);
  const nearest = (values, value) => values.reduce(
    (best, one, i) => (Math.abs(one - value) < Math.abs(values[best] - value) ? i : best), 0);
  const number = (ix, iy) => iy * X.values.length + ix;

  function rgb(name) {
    return colour(name).match(/\d+/g).slice(0, 3).map(Number);
  }

  // From the page's background at 0 to the measure's own colour at 1.
  function shades(measure) {
    const [from, to] = [rgb("@page"), rgb(measure.colour)];
    return (level) => from.map((start, i) => Math.round(start + (to[i] - start) * level));
  }

  function percent(level, digits) {
    return (level / 100).toFixed(digits);
  }

  // What is read at a place: the measure and its interval.
  function words(measure, place) {
    const level = measure.levels[place];
    if (level === null) return `${measure.title}: no answer`;
    if (measure.texts) return `${measure.title}: ${measure.texts[place]}`;
    const digits = measure.digits ? Number(measure.digits[place]) : 1;
    const interval = measure.low && measure.low[place] !== null
      ? ` [${percent(measure.low[place], digits)}, ${percent(measure.high[place], digits)}]` : "";
    return `${measure.title}: ${percent(level, digits)} %${interval}`;
  }

  function coordinates(ix, iy) {
    return `x = ${X.texts[ix]}, y = ${Y.texts[iy]}`;
  }

  // Marching squares on the grid of points: segments [x0, y0, x1, y1] in coordinates.
  function contour(measure, level) {
    const width = X.values.length;
    const segments = [];
    for (let row = 0; row + 1 < Y.values.length; row++) {
      for (let column = 0; column + 1 < width; column++) {
        const corners = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]]
          .map(([i, j]) => ({ x: X.values[i], y: Y.values[j], z: measure.levels[number(i, j)] }));
        if (corners.some(({ z }) => z === null)) continue;
        const crossings = corners.flatMap((a, i) => {
          const b = corners[(i + 1) % 4];
          if ((a.z >= level) === (b.z >= level)) return [];
          const t = (level - a.z) / (b.z - a.z);
          return [[a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)]];
        });
        // A saddle has four crossings; its middle decides which of them belong together.
        const middle = corners.reduce((sum, { z }) => sum + z, 0) / 4;
        if (crossings.length === 4 && (middle >= level) !== (corners[0].z >= level)) {
          crossings.push(crossings.shift());
        }
        for (let i = 0; i + 1 < crossings.length; i += 2) {
          segments.push([...crossings[i], ...crossings[i + 1]]);
        }
      }
    }
    return segments;
  }

  // Round values for ticks, about `wanted` of them.
  function ticks(edges, wanted) {
    const span = edges[edges.length - 1] - edges[0];
    const power = 10 ** Math.floor(Math.log10(span / wanted));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => span / one <= wanted);
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let i = Math.ceil(edges[0] / step); i * step <= edges[edges.length - 1]; i++) {
      found.push([i * step, (i * step).toFixed(decimals).replace("-", "−").replace(/^−(0\.?0*)$/, "$1")]);
    }
    return found;
  }

  return {
    edgesX, edgesY, across, down, clamp, nearest, number, shades, words, coordinates, contour, ticks, FULL,
  };
})();
