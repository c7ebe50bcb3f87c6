"use strict";
// Flat maps: cells on a canvas; contour, checkpoints and ticks as SVG on top of it. plotly's heat
// maps are images with a data: address, which the policy forbids.
const Flat = (() => {
  const { data, element } = Page;
  const { x: X, y: Y, aspect, checkpoints } = data.maps;
  const { edgesX, edgesY, across, down, clamp, nearest, number, FULL } = Grid;
  const REACH = 14; // pixels around a checkpoint in which it, and not the cell, is pointed at
  const RESOLUTION = 720;

  function svg(tag, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // A name beside its mark: the first of four sides on which it touches nothing drawn before.
  function beside(at, text, size, taken) {
    const [width, height] = [7 * text.length + 6, 16];
    const boxes = [
      ["start", at[0] + 12, at[1] + 4], ["end", at[0] - 12, at[1] + 4],
      ["middle", at[0], at[1] - 14], ["middle", at[0], at[1] + 23],
    ].map(([anchor, x, y]) => {
      const left = { start: x, end: x - width, middle: x - width / 2 }[anchor];
      return { anchor, x, y, left, right: left + width, top: y - height + 3, bottom: y + 3 };
    });
    const free = (box) => box.left >= 0 && box.right <= size[0] && box.top >= 0 && box.bottom <= size[1]
      && taken.every((other) => box.right < other.left || box.left > other.right
        || box.bottom < other.top || box.top > other.bottom);
    return boxes.find(free);
  }

  // One map. `large` maps write the names of checkpoints, small ones their marks alone.
  class Panel {
    constructor(host, { large, tip, pick }) {
      Object.assign(this, { large, tip, pick, measure: null, chosen: null, size: [0, 0] });
      this.title = element("span", "map-title", "");
      this.ramp = document.createElement("canvas");
      [this.ramp.width, this.ramp.height] = [64, 1];
      this.ends = [element("span", "", ""), element("span", "", "")];
      const scale = element("span", "map-scale", "");
      scale.append(this.ends[0], this.ramp, this.ends[1]);
      const caption = document.createElement("figcaption");
      caption.append(this.title, scale);
      this.field = element("div", "field", "");
      this.field.style.aspectRatio = String(1 / aspect);
      this.canvas = document.createElement("canvas");
      [this.canvas.width, this.canvas.height] = [RESOLUTION, Math.round(RESOLUTION * aspect)];
      this.overlay = svg("svg", { "aria-hidden": "true" });
      this.field.append(this.canvas, this.overlay);
      const body = element("div", "map-body", "");
      body.append(element("p", "map-y", Y.label), this.field);
      host.append(caption, body, element("p", "map-x", X.label));
      this.field.addEventListener("pointermove", (event) => this.hover(event));
      this.field.addEventListener("pointerleave", () => tip.hide());
      this.field.addEventListener("click", (event) => pick(...this.cell(this.position(event))));
      new ResizeObserver(() => this.resized()).observe(this.field);
    }

    show(measure, chosen) {
      Object.assign(this, { measure, chosen });
      this.title.textContent = measure.title;
      [this.ends[0].textContent, , this.ends[1].textContent] = measure.scale;
      this.field.dataset.measure = measure.name;
      this.paint();
      this.mark();
    }

    paint() {
      const shade = Grid.shades(this.measure);
      const { width, height } = this.canvas;
      const brush = this.canvas.getContext("2d");
      brush.clearRect(0, 0, width, height);
      const columns = edgesX.map((x) => Math.round(across(x) * width));
      const rows = edgesY.map((y) => Math.round(down(y) * height));
      for (let iy = 0; iy < Y.values.length; iy++) {
        for (let ix = 0; ix < X.values.length; ix++) {
          const level = this.measure.levels[number(ix, iy)];
          if (level === null) continue;
          brush.fillStyle = `rgb(${shade(level / FULL)})`;
          brush.fillRect(columns[ix], rows[iy + 1],
            columns[ix + 1] - columns[ix], rows[iy] - rows[iy + 1]);
        }
      }
      const stroke = this.ramp.getContext("2d");
      for (let i = 0; i < 64; i++) {
        stroke.fillStyle = `rgb(${shade(i / 63)})`;
        stroke.fillRect(i, 0, 1, 1);
      }
    }

    resized() {
      const { clientWidth, clientHeight } = this.field;
      if (clientWidth !== this.size[0] || clientHeight !== this.size[1]) this.mark();
    }

    // Everything that is drawn in pixels, again whenever the field has another size.
    mark() {
      const size = [this.field.clientWidth, this.field.clientHeight];
      if (!this.measure || !size[0]) return;
      this.size = size;
      this.overlay.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
      this.overlay.replaceChildren();
      this.frame();
      if (this.measure.half) this.line();
      this.way();
      const names = [];
      if (X.values[0] <= 0 && Y.values[0] <= 0) this.origin(names);
      this.stops(names);
      if (this.chosen) this.ring();
    }

    put(tag, attributes, text) {
      const made = svg(tag, attributes, text);
      this.overlay.append(made);
      return made;
    }

    frame() {
      const [width, height] = this.size;
      for (const [x, text] of Grid.ticks(edgesX, width < 260 ? 4 : 7)) {
        const left = across(x) * width;
        this.put("path", { class: "tick", d: `M${left} ${height}v5` });
        this.put("text", { class: "tick-text", x: left, y: height + 18, "text-anchor": "middle" }, text);
      }
      for (const [y, text] of Grid.ticks(edgesY, height < 260 ? 4 : 7)) {
        const top = down(y) * height;
        this.put("path", { class: "tick", d: `M0 ${top}h-5` });
        this.put("text", { class: "tick-text", x: -8, y: top + 4, "text-anchor": "end" }, text);
      }
    }

    line() {
      const [width, height] = this.size;
      const d = Grid.contour(this.measure, FULL / 2).map(([x0, y0, x1, y1]) =>
        `M${(across(x0) * width).toFixed(1)} ${(down(y0) * height).toFixed(1)}`
        + `L${(across(x1) * width).toFixed(1)} ${(down(y1) * height).toFixed(1)}`).join("");
      if (!d) return;
      this.put("path", { class: "contour-halo", d });
      this.put("path", { class: "contour", d });
    }

    at({ x, y }) {
      return [clamp(across(x)) * this.size[0], clamp(down(y)) * this.size[1]];
    }

    way() {
      const places = [{ x: 0, y: 0 }, ...checkpoints.filter(({ stop }) => stop)];
      if (places.length < 2) return;
      const d = `M${places.map((place) => this.at(place).join(" ")).join("L")}`;
      this.put("path", { class: "way-halo", d });
      this.put("path", { class: "way", d });
    }

    origin(taken) {
      const [x, y] = this.at({ x: 0, y: 0 });
      this.put("path", { class: "origin-halo", d: `M${x - 6} ${y}h12M${x} ${y - 6}v12` });
      this.put("path", { class: "origin", d: `M${x - 6} ${y}h12M${x} ${y - 6}v12` });
      taken.push({ left: x - 7, right: x + 7, top: y - 7, bottom: y + 7 });
      if (this.large) this.name([x, y], data.maps.origin, taken);
    }

    stops(taken) {
      for (const place of checkpoints) {
        const [x, y] = this.at(place);
        const outside = across(place.x) !== clamp(across(place.x)) || down(place.y) !== clamp(down(place.y));
        const r = this.large ? 9 : 7;
        const mark = svg("g", { class: `stop${outside ? " outside" : ""}`, "data-mark": place.mark });
        mark.append(svg("circle", { cx: x, cy: y, r }),
          svg("text", { x, y: y + 3.5, "text-anchor": "middle" }, place.mark));
        this.overlay.append(mark);
        taken.push({ left: x - r, right: x + r, top: y - r, bottom: y + r });
      }
      if (!this.large) return;
      for (const place of checkpoints.filter(({ stop }) => !stop)) {
        this.name(this.at(place), place.name, taken);
      }
    }

    name(at, text, taken) {
      const short = text.length > 24 ? `${text.slice(0, 23)}…` : text;
      const box = beside(at, short, this.size, taken);
      if (!box) return;
      taken.push(box);
      const place = { x: box.x, y: box.y, "text-anchor": box.anchor };
      this.put("text", { class: "name-halo", ...place }, short);
      this.put("text", { class: "name", ...place }, short);
    }

    ring() {
      const [ix, iy] = this.chosen;
      const [left, right] = [across(edgesX[ix]), across(edgesX[ix + 1])].map((s) => s * this.size[0]);
      const [bottom, top] = [down(edgesY[iy]), down(edgesY[iy + 1])].map((s) => s * this.size[1]);
      this.put("rect", { class: "ring", x: left - 1, y: top - 1,
        width: right - left + 2, height: bottom - top + 2 });
    }

    position(event) {
      const box = this.field.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    }

    cell([left, top]) {
      const along = (edges, part) => edges[0] + clamp(part) * (edges[edges.length - 1] - edges[0]);
      return [nearest(X.values, along(edgesX, left / this.size[0])),
        nearest(Y.values, along(edgesY, 1 - top / this.size[1]))];
    }

    hover(event) {
      const here = this.position(event);
      const far = (place) => Math.hypot(this.at(place)[0] - here[0], this.at(place)[1] - here[1]);
      const close = checkpoints.filter((place) => far(place) < REACH).sort((a, b) => far(a) - far(b));
      const [ix, iy] = this.cell(here);
      const lines = close.length
        ? [`${close[0].mark}  ${close[0].name}`, ...close[0].facts]
        : [Grid.words(this.measure, number(ix, iy)), Grid.coordinates(ix, iy)];
      this.tip.show(lines, event);
    }
  }

  // The box that follows the pointer.
  function tip() {
    const box = element("div", "tip", "");
    box.hidden = true;
    document.body.append(box);
    return {
      hide: () => { box.hidden = true; },
      show(lines, { clientX, clientY }) {
        box.replaceChildren(...lines.map((line) => element("p", "", line)));
        box.hidden = false;
        const room = document.documentElement.clientWidth - box.offsetWidth - 8;
        const above = clientY - box.offsetHeight - 12;
        box.style.left = `${Math.max(4, Math.min(clientX + 12, room))}px`;
        box.style.top = `${above > 4 ? above : clientY + 16}px`;
      },
    };
  }

  return { Panel, tip };
})();
