"use strict";
(() => {
  const page = JSON.parse(document.getElementById("payload").textContent);
  const at = (id) => document.getElementById(id);
  const root = document.documentElement;
  const CONFIG = { displayModeBar: false, displaylogo: false, responsive: true, doubleClick: false };

  // Themes. Charts name their colours "@refused" or "@refused/0.25".
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme || (systemDark.matches ? "dark" : "light")) === "dark";

  function colour(name) {
    const [, key, alpha] = name.match(/^@([a-z-]+)(?:\/([\d.]+))?$/);
    const hex = getComputedStyle(root).getPropertyValue(`--${key}`).trim();
    const part = (i) => parseInt(hex.slice(i, i + 2), 16);
    return `rgba(${part(1)},${part(3)},${part(5)},${alpha || 1})`;
  }

  function themed(value) {
    if (typeof value === "string") return value.startsWith("@") ? colour(value) : value;
    if (Array.isArray(value)) return value.map(themed);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, themed(inner)]));
  }

  // What is shown: one measure, and one place that was chosen.
  let measure = page.charts.directions.measures[0];
  let direction = page.directions[0] || 0;
  let index = page.points.reduce(
    (best, [x], i) => (Math.abs(x) < Math.abs(page.points[best][0]) ? i : best), 0);
  let kind = "harmful";
  let chosen = false;

  function layoutOf(chart) {
    const layout = { ...chart.layout, shapes: [...(chart.layout.shapes || [])] };
    if (chosen) {
      const x = page.points[index][0];
      layout.shapes.push({ type: "line", yref: "paper", x0: x, x1: x, y0: 0, y1: 1,
        line: { color: "@accent", width: 2 } });
    }
    const font = { ...layout.font, family: getComputedStyle(document.body).fontFamily };
    return themed({ ...layout, font });
  }

  function draw(id, chart) {
    return Plotly.react(at(id), themed(chart.data), layoutOf(chart), CONFIG);
  }

  function drawAll() {
    at("theme").textContent = isDark() ? "light theme" : "dark theme";
    return Promise.all([
      draw("chart-harmful", page.charts.harmful),
      draw("chart-benign", page.charts.benign),
      measure && draw("chart-directions", { ...page.charts.directions, data: measure.data }),
    ]);
  }

  // Small helpers for the document. Text goes in as text, never as markup.
  function element(tag, className, text) {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  }

  function choices(id, options, pick) {
    for (const [name, title] of options) {
      const button = element("button", "", title);
      button.type = "button";
      button.dataset.name = name;
      button.addEventListener("click", () => {
        for (const other of at(id).children) other.setAttribute("aria-pressed", other === button);
        pick(name);
      });
      at(id).append(button);
    }
    if (at(id).firstChild) at(id).firstChild.setAttribute("aria-pressed", "true");
  }

  // What the model said.
  function rowsHere() {
    const x = page.points[index][0];
    const here = page.examples.places.find((place) =>
      Math.abs(place.alpha - x) < 1e-9 && (x === 0 || place.direction === direction));
    return here ? here.rows : [];
  }

  function answer([prompt, label, keyword, detail, text]) {
    const [asked, promptKind, category] = page.examples.prompts[prompt];
    const shown = element("article", "answer", "");
    const header = document.createElement("header");
    const known = ["refused", "complied", "incoherent"].includes(label) ? label : "";
    header.append(element("span", `chip ${known}`, label));
    for (const fact of [promptKind, category, keyword && `keyword: ${keyword}`, detail]) {
      if (fact) header.append(element("span", "", fact));
    }
    shown.append(header, element("p", "asked", asked), element("p", "said", text || "(empty)"));
    return shown;
  }

  function read() {
    at("direction").value = String(direction);
    at("alpha").value = String(index);
    const rows = rowsHere().filter(
      ([prompt]) => kind === "all" || page.examples.prompts[prompt][1] === kind);
    const none = element("p", "hint", "This page carries no responses from here.");
    at("answers").replaceChildren(...(rows.length ? rows.map(answer) : [none]));
  }

  function select(newIndex, newDirection) {
    index = Math.min(Math.max(newIndex, 0), page.points.length - 1);
    direction = newDirection;
    chosen = true;
    const place = `Show the responses at α = ${page.points[index][1]}`;
    at("reveal").textContent = place;
    if (!at("reader").hidden) read();
    return drawAll();
  }

  function onClick(id) {
    at(id).on("plotly_click", (event) => {
      const point = event.points[0];
      const distance = ([x]) => Math.abs(x - point.x);
      const nearest = page.points.reduce(
        (best, place, i) => (distance(place) < distance(page.points[best]) ? i : best), 0);
      const ownDirection = point.data.meta;
      select(nearest, ownDirection === undefined ? direction : ownDirection);
      at("responses").scrollIntoView({ behavior: "smooth", block: "start" });
    });
  }

  function prepareReader() {
    for (const d of page.directions) at("direction").append(new Option(String(d), String(d)));
    page.points.forEach(([, text], i) => at("alpha").append(new Option(text, String(i))));
    at("direction").addEventListener("change", (e) => select(index, Number(e.target.value)));
    at("alpha").addEventListener("change", (e) => select(Number(e.target.value), direction));
    at("before").addEventListener("click", () => select(index - 1, direction));
    at("after").addEventListener("click", () => select(index + 1, direction));
    choices("kinds", [["harmful", "Harmful"], ["benign", "Benign"], ["all", "All"]], (name) => {
      kind = name;
      read();
    });
    at("reveal").addEventListener("click", () => {
      at("reader").hidden = false;
      at("reveal").parentElement.hidden = true;
      read();
    });
    if (!page.examples.places.length) {
      at("reveal").parentElement.replaceChildren("This page was made without responses.");
    }
  }

  choices("measures", page.charts.directions.measures.map(({ name, title }) => [name, title]),
    (name) => {
      measure = page.charts.directions.measures.find((one) => one.name === name);
      drawAll();
    });
  prepareReader();
  at("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    drawAll();
  });
  systemDark.addEventListener("change", drawAll);
  let onScreen;
  addEventListener("beforeprint", () => {
    onScreen = root.dataset.theme;
    root.dataset.theme = "light";
    drawAll();
  });
  addEventListener("afterprint", () => {
    if (onScreen) root.dataset.theme = onScreen;
    else delete root.dataset.theme;
    drawAll();
  });
  drawAll().then(() => {
    for (const id of ["chart-harmful", "chart-benign", "chart-directions"]) {
      if (at(id).on) onClick(id);
    }
    root.dataset.ready = "true";
  });
})();
