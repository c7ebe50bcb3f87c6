"use strict";
const Page = (() => {
  const data = JSON.parse(document.getElementById("payload").textContent);
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

  // A narrow chart has no words on its bands, which the legend names, lines of its axis' title that
  // fit, and only ticks whose labels do not touch; those with the most lines come first.
  const NARROW = 520;

  function wrapped(text, limit) {
    return text.split("<br>").flatMap((line) => line.split(" ").reduce((made, word) => {
      const joined = made.length ? `${made[made.length - 1]} ${word}` : word;
      return made.length && joined.length <= limit ? [...made.slice(0, -1), joined] : [...made, word];
    }, []));
  }

  function apart(axis, width) {
    if (!axis.ticktext || !axis.range) return axis;
    const scale = width / Math.abs(axis.range[1] - axis.range[0]);
    const ticks = axis.tickvals.map((value, i) => {
      const lines = axis.ticktext[i].split("<br>");
      const half = 3.8 * Math.max(...lines.map((line) => line.length)) + 2;
      return { value, text: axis.ticktext[i], lines: lines.length, at: value * scale, half };
    });
    const kept = [];
    for (const tick of [...ticks].sort((a, b) => b.lines - a.lines)) {
      if (kept.every((one) => Math.abs(one.at - tick.at) >= one.half + tick.half)) kept.push(tick);
    }
    kept.sort((a, b) => a.value - b.value);
    return { ...axis, tickvals: kept.map((one) => one.value), ticktext: kept.map((one) => one.text) };
  }

  function fitted(layout, width) {
    if (!width || width >= NARROW || !layout.xaxis || !layout.margin) return layout;
    const inner = width - layout.margin.l - layout.margin.r;
    const { title } = layout.xaxis;
    const before = title ? title.text.split("<br>").length : 0;
    const lines = title ? wrapped(title.text, Math.floor(inner / 6.6)) : [];
    const margin = { ...layout.margin, b: layout.margin.b + 17 * (lines.length - before) };
    const xaxis = apart(title ? { ...layout.xaxis, title: { ...title, text: lines.join("<br>") } }
      : layout.xaxis, inner);
    const annotations = (layout.annotations || []).filter((one) => one.name !== "band");
    return { ...layout, xaxis, margin, annotations };
  }

  // Draws a chart, {data, layout}, with more shapes on top: what the reader has chosen.
  function draw(id, chart, shapes = []) {
    const font = { ...chart.layout.font, family: getComputedStyle(document.body).fontFamily };
    const layout = { ...fitted(chart.layout, at(id).clientWidth), font, shapes: [...(chart.layout.shapes || []), ...shapes] };
    return Plotly.react(at(id), themed(chart.data), themed(layout), CONFIG);
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

  function answer([prompt, label, others, detail, text, thoughts]) {
    const [asked, promptKind, category] = data.examples.prompts[prompt];
    const shown = element("article", "answer", "");
    const header = document.createElement("header");
    const known = ["refused", "complied", "incoherent"].includes(label) ? label : "";
    const chip = known === "complied" && promptKind === "benign" ? "answered" : known;
    header.append(element("span", `chip ${chip}`, label));
    for (const fact of [promptKind, category, others, detail]) {
      if (fact) header.append(element("span", "", fact));
    }
    shown.append(header, element("p", "asked", asked));
    if (thoughts) {
      const folded = element("details", "thoughts");
      folded.append(element("summary", "", "Thoughts, which no judge reads"), element("p", "said", thoughts));
      shown.append(folded);
    }
    shown.append(element("p", "said", text || "(empty)"));
    return shown;
  }

  // What the model said. `place()` is the number of the place that is chosen, as in
  // data.examples.places; `sync()` sets the study's own controls to it. Nothing is shown before
  // a reader asks; `offer(name)` says on the button what they would see, `read()` shows it.
  function reader(place, sync) {
    const reveal = at("reveal");
    const rowsAt = new Map(data.examples.places.map(({ place: number, rows }) => [number, rows]));
    let kind = "harmful";

    function read() {
      if (at("reader").hidden) return;
      sync();
      const rows = (rowsAt.get(place()) || []).filter(
        ([prompt]) => kind === "all" || data.examples.prompts[prompt][1] === kind);
      const none = element("p", "hint", "This page carries no responses from here.");
      at("answers").replaceChildren(...(rows.length ? rows.map(answer) : [none]));
    }

    choices("kinds", [["harmful", "Harmful"], ["benign", "Benign"], ["all", "All"]], (name) => {
      kind = name;
      read();
    });
    reveal.addEventListener("click", () => {
      at("reader").hidden = false;
      reveal.parentElement.hidden = true;
      read();
    });
    if (!rowsAt.size) reveal.parentElement.replaceChildren("This page was made without responses.");
    return {
      read,
      offer: (name) => { reveal.textContent = `Show the responses at ${name}`; },
      scrollTo: () => at("responses").scrollIntoView({ behavior: "smooth", block: "start" }),
    };
  }

  // Draws everything now and whenever the theme changes; `drawAll()` returns a promise. Paper is
  // always light.
  function start(drawAll, whenDrawn = () => {}) {
    const again = () => {
      at("theme").textContent = isDark() ? "light theme" : "dark theme";
      return drawAll();
    };
    at("theme").addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      again();
    });
    systemDark.addEventListener("change", again);
    let onScreen;
    addEventListener("beforeprint", () => {
      onScreen = root.dataset.theme;
      root.dataset.theme = "light";
      again();
    });
    addEventListener("afterprint", () => {
      if (onScreen) root.dataset.theme = onScreen;
      else delete root.dataset.theme;
      again();
    });
    again().then(() => {
      whenDrawn();
      root.dataset.ready = "true";
    });
  }

  return { data, at, root, colour, themed, draw, element, choices, reader, start };
})();
