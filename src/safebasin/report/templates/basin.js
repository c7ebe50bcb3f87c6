"use strict";
// The map as a landscape that can be turned, drawn with the painter's algorithm: no WebGL, which
// many machines lack and whose libraries need what the policy forbids.
const Basin = (() => {
  const { data, colour } = Page;
  const { x: X, y: Y, aspect } = data.maps;
  const { shades, number, edgesX, edgesY, FULL } = Grid;
  const HEIGHT = 0.6; // of the tallest column, as a share of the window's width
  const FINE = 2500; // cells; beyond it their borders would hide them
  const START = { turn: -0.65, tilt: 0.55 };
  const span = (edges) => edges[edges.length - 1] - edges[0];
  const along = (axis, edges) => axis.values.map((v) => (v - edges[0]) / span(edges) - 0.5);
  const [U, V] = [along(X, edgesX), along(Y, edgesY).map((v) => v * aspect)];

  return class {
    constructor(canvas) {
      Object.assign(this, { canvas, ...START, measure: null });
      canvas.addEventListener("pointerdown", (event) => this.drag(event));
      canvas.addEventListener("keydown", (event) => this.key(event));
      canvas.addEventListener("dblclick", () => this.turnTo(START.turn, START.tilt));
      new ResizeObserver(() => this.paint()).observe(canvas);
    }

    show(measure) {
      this.measure = measure;
      this.canvas.setAttribute("aria-label",
        `${measure.title} as height over both axes. Arrow keys turn it.`);
      this.paint();
    }

    turnTo(turn, tilt) {
      this.turn = turn;
      this.tilt = Math.min(1.5, Math.max(0.08, tilt));
      this.paint();
    }

    drag({ pointerId, clientX, clientY }) {
      const [turn, tilt] = [this.turn, this.tilt];
      this.canvas.setPointerCapture(pointerId);
      this.canvas.onpointermove = (event) =>
        this.turnTo(turn - (event.clientX - clientX) / 120, tilt + (event.clientY - clientY) / 160);
      this.canvas.onpointerup = this.canvas.onpointercancel = () => { this.canvas.onpointermove = null; };
    }

    key(event) {
      const step = { ArrowLeft: [0.12, 0], ArrowRight: [-0.12, 0], ArrowUp: [0, -0.08], ArrowDown: [0, 0.08] };
      const [turn, tilt] = step[event.key] || [];
      if (turn === undefined) return;
      event.preventDefault();
      this.turnTo(this.turn + turn, this.tilt + tilt);
    }

    // A point of the box (u, v around 0, h from 0 to 1) on the canvas, without perspective.
    project(u, v, h) {
      const [c, s] = [Math.cos(this.turn), Math.sin(this.turn)];
      const depth = u * s + v * c;
      return [this.middle[0] + this.zoom * (u * c - v * s),
        this.middle[1] - this.zoom * (depth * Math.sin(this.tilt) + (h - 0.5) * HEIGHT * Math.cos(this.tilt))];
    }

    paint() {
      const { clientWidth: width, clientHeight: height } = this.canvas;
      if (!this.measure || !width) return;
      const dense = window.devicePixelRatio || 1;
      [this.canvas.width, this.canvas.height] = [Math.round(width * dense), Math.round(height * dense)];
      this.brush = this.canvas.getContext("2d");
      this.brush.scale(dense, dense);
      this.middle = [width / 2, height / 2];
      const across = Math.hypot(1, aspect);
      this.zoom = Math.min((width - 104) / across,
        (height - 76) / (across * Math.sin(this.tilt) + HEIGHT * Math.cos(this.tilt)));
      this.box();
      this.surface();
      this.scale();
    }

    stroke(points, name, width = 1) {
      this.brush.strokeStyle = colour(name);
      this.brush.lineWidth = width;
      this.brush.beginPath();
      points.forEach(([x, y]) => this.brush.lineTo(x, y));
      this.brush.stroke();
    }

    // A text that starts, ends or has its middle at a point, moved so that it stays on the canvas;
    // a name goes down until it lies on no number.
    write(text, [x, y], align, name = "@muted") {
      this.brush.font = `12px ${getComputedStyle(document.body).fontFamily}`;
      this.brush.fillStyle = colour(name);
      this.brush.textBaseline = "middle";
      const wide = this.brush.measureText(text).width;
      const left = x - { left: 0, center: wide / 2, right: wide }[align];
      const start = Math.max(0, Math.min(left, this.canvas.clientWidth - wide));
      const covers = (other) => start < other.right + 6 && other.start < start + wide + 6
        && Math.abs(other.y - y) < 13;
      while (name !== "@muted" && this.written.some(covers)) y += 2;
      this.written.push({ start, right: start + wide, y });
      this.brush.fillText(text, start, y);
    }

    // The floor, with the names and ends of both axes along the sides that are nearest.
    box() {
      const [a, b] = [0.5, aspect / 2];
      const floor = [[-a, -b], [a, -b], [a, b], [-a, b], [-a, -b]];
      this.stroke(floor.map(([u, v]) => this.project(u, v, 0)), "@line", 1);
      const near = (u, v) => -(u * Math.sin(this.turn) + v * Math.cos(this.turn));
      const front = near(0, -b) > near(0, b) ? -1 : 1;
      const side = near(-a, 0) > near(a, 0) ? -1 : 1;
      const sides = [
        [X, (t) => this.project((t - 0.5), front * (b + 0.06), 0)],
        [Y, (t) => this.project(side * (a + 0.06), (t - 0.5) * aspect, 0)],
      ];
      this.written = [];
      sides.forEach(([axis, at]) => this.ends(axis, at));
      sides.forEach(([axis, at]) => this.name(axis, at));
    }

    ends(axis, at) {
      const short = (value) => String(Number(value.toFixed(3))).replace("-", "−");
      const shift = ([x, y]) => [x, y + 8];
      this.write(short(axis.values[0]), shift(at(0.06)), "center");
      this.write(short(axis.values[axis.values.length - 1]), shift(at(0.94)), "center");
    }

    name(axis, at) {
      const [x, y] = at(0.5);
      const name = axis.name.length > 28 ? `${axis.name.slice(0, 27)}…` : axis.name;
      this.write(name, [x, y + 22], x < this.middle[0] ? "right" : "left", "@text");
    }

    // The corner of the floor that is furthest to the left carries the heights.
    scale() {
      const [a, b] = [0.5, aspect / 2];
      const [u, v] = [[-a, -b], [a, -b], [a, b], [-a, b]].reduce((left, corner) =>
        (this.project(...corner, 0)[0] < this.project(...left, 0)[0] ? corner : left));
      this.stroke([this.project(u, v, 0), this.project(u, v, 1)], "@muted", 1);
      this.measure.scale.forEach((text, i) => {
        const [x, y] = this.project(u, v, i / 2);
        this.stroke([[x - 5, y], [x, y]], "@muted");
        this.write(text, [x - 8, y], "right");
      });
    }

    // Cells from the back to the front: on a grid their order follows from the view alone.
    surface() {
      const shade = shades(this.measure);
      const { levels } = this.measure;
      const columns = this.order(U.length - 1, Math.sin(this.turn) > 0);
      const rows = this.order(V.length - 1, Math.cos(this.turn) > 0);
      const border = (U.length - 1) * (V.length - 1) <= FINE ? colour("@text/0.28") : null;
      for (const row of rows) {
        for (const column of columns) {
          const corners = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]];
          const heights = corners.map(([i, j]) => levels[number(i, j)]);
          if (heights.includes(null)) continue;
          this.cell(corners, heights.map((level) => level / FULL), shade, border);
        }
      }
    }

    order(count, descending) {
      const found = Array.from({ length: count }, (_, i) => i);
      return descending ? found.reverse() : found;
    }

    cell(corners, heights, shade, border) {
      const level = heights.reduce((sum, h) => sum + h, 0) / 4;
      // Light from the upper left: slopes that face away from it are darker.
      const [i, j] = corners[0];
      const slope = (heights[1] + heights[2] - heights[0] - heights[3]) / 2 / (U[i + 1] - U[i]) * HEIGHT;
      const rise = (heights[2] + heights[3] - heights[0] - heights[1]) / 2 / (V[j + 1] - V[j]) * HEIGHT;
      const light = (0.35 * slope - 0.35 * rise + 0.87) / Math.hypot(slope, rise, 1);
      const dim = 0.7 + 0.3 * Math.min(1, Math.max(0, light));
      this.brush.fillStyle = `rgb(${shade(level).map((part) => Math.round(part * dim))})`;
      this.brush.beginPath();
      corners.forEach(([column, row], k) =>
        this.brush.lineTo(...this.project(U[column], V[row], heights[k])));
      this.brush.closePath();
      this.brush.fill();
      this.brush.strokeStyle = border || this.brush.fillStyle;
      this.brush.lineWidth = border ? 0.5 : 1;
      this.brush.stroke();
    }
  };
})();
