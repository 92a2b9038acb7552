"use strict";
// Texts of results were written by models: they become text nodes and attributes' values, never markup.
const data = JSON.parse(document.getElementById("data").textContent);
const { headline, stretches, formats, kinds, pass_rates: rates } = data.summary;
const colors = { ...data.colors.outcomes, ...data.colors.verdicts };
const PAGE = 15, NONE = "no sample failed";
const at = (name) => document.getElementById(name);

function node(name, properties, ...children) {
  const { style, ...rest } = properties;
  const made = Object.assign(document.createElement(name), rest);
  Object.assign(made.style, style);
  made.append(...children);
  return made;
}
function draw(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
const words = (text) => text.replaceAll("_", " ");
const count = (value) => value.toLocaleString("en");
const total = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);
const signed = (value) => (value > 0 ? "+" : "") + value.toFixed(2);
function percent(part, all) {
  const value = 100 * part / all;
  return (value === 0 || value === 100 || (value >= 10 && value <= 90) ? value.toFixed(0) : value.toFixed(1)) + " %";
}
function tidy(value) { return String(Number(value.toPrecision(value < 1 ? 1 : 2))); }
function seconds(value) {
  if (value === null) return "–";
  if (value < 0.9995) return tidy(value * 1000) + " ms";
  if (value < 120) return Number(value.toPrecision(3)) + " s";
  return value < 7200 ? tidy(value / 60) + " min" : (value / 3600).toFixed(1) + " h";
}
function mebibytes(value) {
  if (value === null) return "–";
  if (value >= 1000) return Number((value / 1024).toPrecision(2)) + " GiB";
  return value >= 1 ? Math.round(value) + " MiB" : value * 1024 >= 1 ? Math.round(value * 1024) + " KiB" : Math.round(value * 1048576) + " B";
}

// --- parts that several places have ---------------------------------------------------------------------------------------

function mixOf(counts) {
  const all = total(counts);
  return Object.entries(counts).map(([name, number]) =>
    node("div", { style: { width: 100 * number / all + "%", background: colors[name] }, title: `${words(name)} ${count(number)}` }));
}
function tag(name) { return node("span", { className: "tag " + name, style: { background: colors[name], color: data.inks[name] }, textContent: words(name) }); }
function buttons(place, names, chosen, choose) {
  at(place).replaceChildren(...names.map(([name, text]) => {
    const made = node("button", { type: "button", textContent: text, onclick: () => choose(name) });
    made.setAttribute("aria-pressed", String(name === chosen));
    return made;
  }));
}
// A column whose name begins with # holds numbers, one with * holds texts: where the page is narrow, they get a line of their own.
function table(place, columns, rows) {
  const cell = (kind, column, child) => node(kind, { className: { "#": "number", "*": "text" }[column[0]] || "" }, child);
  at(place).replaceChildren(node("table", {},
    node("tr", {}, ...columns.map((column) => cell("th", column, column.replace(/^[#*]/, "")))),
    ...rows.map((row) => node("tr", {}, ...row.map((child, number) => cell("td", columns[number], child))))));
}
const whyOf = (row) => (row.failure || row.reason || "").split("\n")[0] || words(row.verdict);
// Equal failures are one row, which opens to some of them.
function foldOf(fold) {
  const rows = fold.rows.map((number) => data.rows[number]);
  if (fold.samples === 1) return detailsOf(rows[0], "cases");
  return node("details", { className: "fold" },
    node("summary", {}, tag(rows[0].outcome), node("span", { className: "why", textContent: whyOf(rows[0]) }),
      node("span", { className: "side", textContent: `× ${count(fold.samples)}` })),
    node("div", { className: "facts", textContent: `${words(rows[0].verdict)}, said in the same words of ${count(fold.samples)} samples; `
      + (rows.length < fold.samples ? `${rows.length} of them:` : "all of them:") }),
    ...rows.map((row) => detailsOf(row, "cases")));
}
function detailsOf(row, side) {
  const facts = [
    words(row.verdict), row.cases ? `${count(row.accepted)} of ${count(row.cases)} cases accepted` : "no cases", `reward ${signed(row.reward)}`,
    `CPU ${seconds(row.cpu)}`, `wall ${seconds(row.wall)}`, row.memory && `memory ${mebibytes(row.memory / 1048576)}`, row.format && `label: ${row.format}`,
    `line ${count(row.line)} of the results`, row.retries && `tried again ${row.retries} x`, row.reused && "judged with an equal sample",
    row.not_enforced && `not enforced: ${row.not_enforced.join(", ")}`,
  ];
  return node("details", {},
    node("summary", {}, tag(row.outcome), node("span", { className: "id", textContent: row.id }),
      node("span", { className: "why", textContent: side === "suspicions" ? row.suspicions.join("; ") : whyOf(row) }),
      node("span", { className: "side", textContent: side === "cpu" ? seconds(row.cpu) : row.cases ? `${count(row.accepted)}/${count(row.cases)}` : "–" })),
    node("div", { className: "facts", textContent: facts.filter(Boolean).join(" · ") }),
    ...(row.suspicions || []).map((one) => node("div", { className: "facts", textContent: "suspicious: " + one })),
    ...[row.failure, row.reason].filter(Boolean).map((one) => node("pre", { textContent: one })),
    ...(row.program ? [node("pre", { textContent: row.program })]
      : data.has_programs ? [node("div", { className: "facts", textContent: "The file of samples has no text for this id, or several." })] : []));
}

// --- charts: drawn in real pixels, so that texts keep their size ------------------------------------------------------------

const charts = [];
function chart(place, height, paint) {
  charts.push(() => {
    const width = Math.max(280, at(place).clientWidth);
    const image = draw("svg", { width, height, role: "img" });
    paint(image, width, height);
    at(place).replaceChildren(image);
  });
}
function label(x, y, text, anchor = "middle") { return draw("text", { x, y, "text-anchor": anchor }, text); }
function rule(x1, y1, x2, y2) { return draw("line", { x1, y1, x2, y2, style: "stroke:var(--line)" }); }
function bar(x, y, width, height, color, said) {
  return draw("rect", { x: x.toFixed(2), y: y.toFixed(2), width: Math.max(0.5, width).toFixed(2), height: height.toFixed(2), fill: color }, draw("title", {}, said));
}
const LEFT = 44;
function span(one) { return one.first === one.last ? `sample ${count(one.first)}` : `samples ${count(one.first)} to ${count(one.last)}`; }
function ends(image, width, y) {
  image.append(label(LEFT, y, "1", "start"), label(width, y, count(headline.samples), "end"), label((LEFT + width) / 2, y, "samples, in the order of the file"));
}
let shown = "outcomes";
function paintRun(image, width, height) {
  const bottom = height - 20, most = bottom - 8, each = (width - LEFT) / stretches.length;
  stretches.forEach((one, number) => {
    const all = total(one[shown]);
    let y = bottom;
    for (const name of Object.keys(headline[shown])) {
      const part = one[shown][name] || 0, size = most * part / all;
      if (!part) continue;
      y -= size;
      image.append(bar(LEFT + number * each, y, each - (each > 4 ? 1 : 0), size, colors[name], `${span(one)}: ${words(name)} ${percent(part, all)}`));
    }
  });
  image.append(label(LEFT - 8, bottom, "0 %", "end"), label(LEFT - 8, bottom - most / 2 + 4, "50 %", "end"), label(LEFT - 8, bottom - most + 8, "100 %", "end"));
  ends(image, width, height - 4);
}
function paintReward(image, width, height) {
  const known = stretches.map((one) => one.reward);
  const low = Math.min(0, ...known), high = Math.max(low + 0.01, 0, ...known), bottom = height - 8, top = 10;
  const y = (value) => bottom - (bottom - top) * (value - low) / (high - low), each = (width - LEFT) / stretches.length;
  for (const value of new Set([low, 0, high])) {
    const crowded = value === 0 && (y(low) - y(0) < 13 || y(0) - y(high) < 13) && low !== 0 && high !== 0;
    image.append(rule(LEFT, y(value), width, y(value)));
    if (!crowded) image.append(label(LEFT - 8, y(value) + 4, signed(value), "end"));
  }
  const points = stretches.map((one, number) => [LEFT + (number + 0.5) * each, one]);
  image.append(draw("polyline", { points: points.map(([x, one]) => `${x.toFixed(1)},${y(one.reward).toFixed(1)}`).join(" "), fill: "none", stroke: "#0072b2", "stroke-width": 2, "stroke-linejoin": "round" }));
  for (const [x, one] of points) {
    image.append(draw("circle", { cx: x.toFixed(1), cy: y(one.reward).toFixed(1), r: stretches.length > 40 ? 2.5 : 3.5, fill: "#0072b2" }, draw("title", {}, `${span(one)}: ${signed(one.reward)}`)));
  }
}
function paintBars(image, width, height, histogram, said, under) {
  const bars = histogram.edges.length - 1;
  if (bars < 1) return image.append(label(width / 2, height / 2, "nothing was run"));
  const totals = [...Array(bars).keys()].map((number) => Object.values(histogram.outcomes).reduce((sum, column) => sum + column[number], 0));
  const most = Math.max(1, ...totals), bottom = height - 20, top = 18, each = (width - LEFT) / bars, wide = Math.min(each, 64);
  image.append(rule(LEFT, top, width, top), rule(LEFT, (top + bottom) / 2, width, (top + bottom) / 2), label(LEFT - 8, top + 4, count(most), "end"), label(LEFT - 8, bottom + 2, "0", "end"));
  totals.forEach((all, number) => {
    let y = bottom;
    for (const [name, column] of Object.entries(histogram.outcomes)) {
      const size = (bottom - top) * column[number] / most;
      if (!size) continue;
      y -= size;
      image.append(bar(LEFT + number * each + (each - wide) / 2, y, wide - 1, size, colors[name], `${said(number)}: ${words(name)} ${count(column[number])} of ${count(all)}`));
    }
  });
  image.append(rule(LEFT, bottom + 0.5, width, bottom + 0.5));
  under(each, wide);
}
function paintRates(image, width, height) {
  const names = ["none", ...[...Array(10).keys()].map((number) => `${number * 10}–${number * 10 + 10}`), "all"];
  const said = (number) => number === 0 ? "no case accepted" : number === 11 ? "every case accepted" : `${names[number]} % accepted`;
  paintBars(image, width, height, rates, said, (each) => {
    names.forEach((name, number) => {
      if (each > 38 || number === 0 || number === 11) image.append(label(LEFT + (number + 0.5) * each, height - 4, name));
    });
    if (each <= 38) image.append(label(LEFT + 6 * each, height - 4, "share of cases accepted, by tenths"));
  });
}
function paintLogarithmic(name, unit, steps) {
  return (image, width, height) => {
    const histogram = data.summary[name], edges = histogram.edges;
    paintBars(image, width, height, histogram, (number) => `${unit(edges[number])} to ${unit(edges[number + 1])}`, (each, wide) => {
      if (wide < each) return edges.length === 2 ? image.append(label(LEFT + each / 2, height - 4, `${unit(edges[0])} to ${unit(edges[1])}`))
        : edges.slice(0, -1).forEach((edge, number) => image.append(label(LEFT + (number + 0.5) * each, height - 4, `from ${unit(edge)}`)));
      const low = Math.log(edges[0]), high = Math.log(edges[edges.length - 1]);
      let free = LEFT - 20;
      for (const value of steps(edges[0], edges[edges.length - 1])) {
        const x = LEFT + (width - LEFT) * (Math.log(value) - low) / (high - low);
        if (x < free + 34 || x > width - 22) continue;
        free = x + 28;
        image.append(draw("line", { x1: x, y1: height - 20, x2: x, y2: height - 16, style: "stroke:var(--soft)" }), label(x, height - 4, unit(value)));
      }
    });
  };
}
function decades(low, high) {
  const found = [], factors = high / low > 1000 ? [1] : high / low > 60 ? [1, 3] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const factor of factors) if (factor * 10 ** power >= low * 0.999 && factor * 10 ** power <= high * 1.001) found.push(factor * 10 ** power);
  }
  return found;
}
function doublings(low, high) {
  const found = [];
  for (let power = Math.ceil(Math.log2(low) - 0.01); 2 ** power <= high * 1.001; power++) found.push(2 ** power);
  return found;
}

// --- the page ---------------------------------------------------------------------------------------------------------------

function showHead() {
  document.title = `${data.name}: reward-sandbox report`;
  at("name").textContent = `${data.name}, ${count(headline.samples)} ${headline.samples === 1 ? "sample" : "samples"}`;
  at("version").textContent = data.version;
  const notes = [
    data.is_cut && "The last line of the file is not whole and was left out: the run was killed while it wrote, or is still writing.",
    data.broken && `${count(data.broken)} lines that are not whole were left out: a process was killed while it wrote, or the disk was full.`,
    data.mended && `${count(data.mended)} earlier results of samples that were scored again are not counted.`,
    ...Object.entries(headline.not_enforced).map(([layer, number]) => `The layer ${layer} was not enforced for ${count(number)} of the samples.`),
  ];
  at("notes").replaceChildren(...notes.filter(Boolean).map((text) => node("div", { className: "card note", textContent: text })));
  const { cpu } = data.summary, passes = headline.outcomes.pass || 0;
  const figures = [
    ["passed", percent(passes, headline.samples)], ["mean reward", signed(headline.reward)],
    ["pass rate", headline.pass_rate === null ? "–" : percent(headline.pass_rate, 1)], ["median CPU", seconds(cpu.median)],
    ["CPU, all", seconds(headline.cpu_seconds)], ["suspicious", count(headline.suspicious)], 
    ["label error", count(headline.outcomes.label_error || 0)], ["internal error", count(headline.outcomes.internal_error || 0)],
  ];
  at("figures").replaceChildren(...figures.map(([name, value]) =>
    node("div", { className: "card" }, node("div", { className: "soft", textContent: name }), node("div", { className: "figure", textContent: value }))));
  for (const [name, unit] of [["cpu", seconds], ["memory", mebibytes]]) {
    const one = data.summary[name];
    if (one.most !== null) at(name + "-said").textContent = `median ${unit(one.median)}, 99 % below ${unit(one.ninety_ninth)}, most ${unit(one.most)}`;
  }
}
function showRun() {
  buttons("choice", [["outcomes", "outcomes"], ["verdicts", "verdicts"]], shown, (name) => { shown = name; showRun(); paint(); });
  at("mix").replaceChildren(...mixOf(headline[shown]));
  at("legend").replaceChildren(...Object.entries(headline[shown]).map(([name, number]) =>
    node("span", {}, node("span", { className: "dot", style: { background: colors[name] } }), `${words(name)} ${count(number)} (${percent(number, headline.samples)})`)));
}
const UNSAID = { wrong_answer: "an answer other than the label's; each its own, below" };
function showTables() {
  table("formats", ["format", "#samples", "outcomes", "#passed", "#reward"], formats.map((one) => [
    one.name, count(one.samples), node("div", { className: "mix" }, ...mixOf(one.outcomes)), percent(one.outcomes.pass || 0, one.samples), signed(one.reward)]));
  const rest = data.summary.other_kinds ? [["all others", "", count(data.summary.other_kinds), ""]] : [];
  if (!kinds.length) return at("kinds").replaceChildren(node("div", { className: "soft", textContent: NONE }));
  table("kinds", ["verdict", "*how it was said", "#samples", "outcomes"], [...kinds.map((one) => [
    words(one.verdict), one.name || UNSAID[one.verdict] || "nothing was said", count(one.samples), node("div", { className: "mix" }, ...mixOf(one.outcomes))]), ...rest]);
}
function showRows() {
  const list = (place, numbers, side, none) => at(place).replaceChildren(
    ...(numbers.length ? numbers.map((number) => detailsOf(data.rows[number], side)) : [node("div", { className: "soft", textContent: none })]));
  list("slowest", data.slowest, "cpu", "nothing was run");
  list("suspicious", data.suspicious, "suspicions", "no sample is suspicious");
  if (headline.suspicious) {
    const which = data.suspicious.length < headline.suspicious ? `${data.suspicious.length} of ${count(headline.suspicious)}, ` : "";
    at("suspicious-said").textContent = which + (headline.suspicious_passes ? `those that passed first (${count(headline.suspicious_passes)})` : "none of them passed");
  }
}
let wanted = "all", limit = PAGE;
function showFailures() {
  const sought = at("search").value.trim().toLowerCase();
  const texts = (row) => [row.id, row.verdict, words(row.verdict), row.failure, row.reason, row.program, ...(row.suspicions || [])];
  const found = data.failures.filter((fold) => fold.rows.map((number) => data.rows[number]).some((row) =>
    (wanted === "all" || row.outcome === wanted) && (!sought || texts(row).some((text) => text && text.toLowerCase().includes(sought)))));
  const failed = headline.samples - (headline.outcomes.pass || 0), kept = data.failures.reduce((sum, fold) => sum + fold.samples, 0);
  at("failures-said").textContent = !failed ? "" : kept < failed ? `${count(kept)} of ${count(failed)}, equal ones together; all of them are in the figures above`
    : data.failures.length < failed ? `${count(failed)}, equal ones together` : count(failed);
  const names = Object.keys(headline.outcomes).filter((name) => name !== "pass");
  buttons("filter", [["all", "all"], ...names.map((name) => [name, words(name)])], wanted, (name) => { wanted = name; limit = PAGE; showFailures(); });
  at("failures").replaceChildren(...found.slice(0, limit).map(foldOf),
    ...(found.length ? [] : [node("div", { className: "soft", textContent: failed ? "none of the failures that are kept here" : NONE })]),
    ...(found.length > limit ? [node("button", { className: "more", type: "button", textContent: `${count(found.length - limit)} more`, onclick: () => { limit += 100; showFailures(); } })] : []));
}
function paint() { for (const one of charts) one(); }

chart("run", 210, paintRun);
chart("reward", 90, paintReward);
chart("rates", 190, paintRates);
chart("cpu", 190, paintLogarithmic("cpu", seconds, decades));
chart("memory", 190, paintLogarithmic("memory", mebibytes, doublings));
showHead();
showRun();
showTables();
showRows();
showFailures();
paint();
at("search").addEventListener("input", () => { limit = PAGE; showFailures(); });
window.addEventListener("resize", paint);
