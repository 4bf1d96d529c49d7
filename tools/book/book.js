"use strict";
// What the pages do beside being read: the theme, the path of the reader, copying, keys, search, two stages side by side.
const book = {};
const html = document.documentElement, root = html.dataset.root;
const kept = (name, value) => {  // in the browser, where that may keep something
  try { return value === undefined ? localStorage[name] : (localStorage[name] = value); } catch { return undefined; }
};
const make = (tag, properties, ...inside) => { const one = Object.assign(document.createElement(tag), properties); one.append(...inside); return one; };
const load = (path) => document.head.append(make("script", {src: root + path}));

const dark = matchMedia("(prefers-color-scheme: dark)");
const theme = () => { html.dataset.theme = kept("theme") || (dark.matches ? "dark" : "light"); };
theme();
dark.addEventListener("change", theme);

document.addEventListener("DOMContentLoaded", () => {
  const top = document.querySelector(".top");
  top.append(searchBox(), make("button", {type: "button", textContent: "light / dark", onclick() {
    kept("theme", html.dataset.theme === "dark" ? "light" : "dark");
    theme();
  }}));
  for (const figure of document.querySelectorAll("figure.code")) addCopy(figure);
  path();
  if (!matchMedia("(min-width: 70rem)").matches) document.querySelector(".contents details")?.removeAttribute("open");
  const tests = document.getElementById("tests");
  if (tests) {
    const show = () => document.querySelector(".changes").classList.toggle("all", tests.checked);
    tests.checked = kept("tests") === "true";
    tests.onchange = () => { kept("tests", tests.checked); show(); };
    show();
  }
  if (document.getElementById("choose")) load("versions/index.js");
  document.addEventListener("click", ({target}) => {  // on a line's number
    if (target.matches(".file pre > span")) location.hash = target.id;
  });
});

// Where the reader was, for the first page; and the steps that were seen.
function path() {
  const seen = new Set(JSON.parse(kept("seen") || "[]"));
  const here = html.dataset.page;
  for (const link of document.querySelectorAll(".steps a")) link.classList.toggle("seen", seen.has(link.pathname.split("/").slice(-2).join("/")));
  const resume = document.getElementById("resume");
  const last = JSON.parse(kept("last") || "null");
  if (resume && last) Object.assign(resume, {hidden: false, href: last[0], textContent: `Go on: ${last[1]}`});
  if (document.body.matches(".chapter, .step")) {
    kept("last", JSON.stringify([here, document.title]));
    kept("seen", JSON.stringify([...seen.add(here)]));
  }
}

// Of a difference, what is there now; of a transcript, the commands.
function codeOf(figure) {
  const lines = [...figure.querySelectorAll("pre > span:not(.d)")];
  const commands = figure.matches(".transcript") ? lines.filter((line) => line.matches(":not(.o)")) : lines;
  return commands.map((line) => line.textContent.replace(figure.matches(".transcript") ? /^\$ / : /^$/, "")).join("");
}

function addCopy(figure) {
  const button = make("button", {type: "button", className: "copy", textContent: "copy", async onclick() {
    await navigator.clipboard.writeText(codeOf(figure));
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  }});
  figure.querySelector("figcaption").append(button);
}

// ---- keys ----

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  const way = {ArrowLeft: "prev", ArrowRight: "next"}[event.key];
  const link = way && document.querySelector(`link[rel=${way}]`);
  if (link) location.href = link.href;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("search").focus();
  }
});

// ---- search ----

let entries;
book.found = (index) => {
  entries = index.map((entry) => [...entry, `${entry[1]} ${entry[2]}`.toLowerCase(), entry[4].toLowerCase()]);
  document.getElementById("search").dispatchEvent(new Event("input"));
};

function find(text) {  // all words; a name that is the word itself first, then titles, then texts
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = ([kind, title, , , , head, body]) => {
    if (!words.every((word) => head.includes(word) || body.includes(word))) return 9;
    const name = title.toLowerCase();
    if (name === words.join(" ")) return 0;
    const inTitle = words.every((word) => head.includes(word));
    return inTitle ? {step: 1, chapter: 2, name: 3, test: 4}[kind] - (name.startsWith(words[0]) ? 0.5 : 0) : kind === "chapter" ? 5 : 6;
  };
  if (!words.length || !entries) return [];
  return entries.map((entry) => [rank(entry), entry]).filter(([one]) => one < 9).sort((a, b) => a[0] - b[0]).slice(0, 40).map(([, entry]) => [entry, words]);
}

function around(text, words) {  // some words before and after the first that was found
  const at = text.toLowerCase().indexOf(words[0]);
  return at < 0 ? "" : ` … ${text.slice(Math.max(0, at - 40), at + 80)} …`;
}

function searchBox() {
  const list = make("ul", {className: "results", id: "results", role: "listbox", ariaLabel: "Results"});
  const input = make("input", {type: "search", id: "search", placeholder: "Search  ( / )", autocomplete: "off", ariaLabel: "Search", role: "combobox", ariaExpanded: "false"});
  input.setAttribute("aria-controls", "results");
  let chosen = 0;
  const choose = (number) => {
    chosen = Math.max(0, Math.min(number, list.children.length - 1));
    [...list.children].forEach((item, at) => { item.ariaSelected = at === chosen; });
    input.setAttribute("aria-activedescendant", list.children.length ? `result${chosen}` : "");
    list.children[chosen]?.scrollIntoView({block: "nearest"});
  };
  input.onfocus = () => entries || load("search.js");
  input.oninput = () => {
    const found = find(input.value);
    list.replaceChildren(...found.map(([[kind, title, where, page, text], words], at) => make("li", {id: `result${at}`, role: "option"},
      make("a", {href: root + page, tabIndex: -1}, title, make("small", {}, where + (kind === "chapter" ? around(text, words) : ""))))));
    if (entries && input.value.trim() && !found.length) list.append(make("li", {role: "option", textContent: "Nothing is called that, and no chapter says it."}));
    input.ariaExpanded = String(list.children.length > 0);
    choose(0);
  };
  input.onkeydown = (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step) { event.preventDefault(); choose(chosen + step); }
    if (event.key === "Enter") { event.preventDefault(); list.querySelectorAll("a")[chosen]?.click(); }
    if (event.key === "Escape") { input.value = ""; input.oninput(); input.blur(); }
  };
  list.onclick = () => { input.value = ""; list.replaceChildren(); };
  return make("div", {className: "search", role: "search"}, input, list);
}

// ---- two stages side by side: #LEFT/RIGHT/FILE ----

book.stages = (stages) => {
  const [left, right, file] = ["left", "right", "path"].map((id) => document.getElementById(id));
  const count = Object.values(stages)[0].length;
  for (const select of [left, right]) select.append(...Array.from({length: count}, (_, at) => new Option(at + 1)));
  const fill = () => {
    const [a, b, ...path] = location.hash ? decodeURI(location.hash.slice(1)).split("/") : [1, 2];
    left.value = a;
    right.value = b;
    const mark = ([x, y]) => (x === y ? "=" : !x ? "+" : !y ? "−" : "±");
    const names = Object.keys(stages).filter((name) => stages[name][a - 1] || stages[name][b - 1]);
    file.replaceChildren(...names.map((name) => new Option(`${mark([stages[name][a - 1], stages[name][b - 1]])} ${name}`, name)));
    file.value = names.includes(path.join("/")) ? path.join("/") : names.find((name) => stages[name][a - 1] && stages[name][a - 1] !== stages[name][b - 1]) || names[0];
    book.versions = (versions) => show([a, b].map((number) => versions[stages[file.value][number - 1] - 1] || []));
    load(`versions/${file.value}.js`);
  };
  document.getElementById("choose").onchange = () => { location.hash = `${left.value}/${right.value}/${file.value}`; };
  addEventListener("hashchange", fill);
  fill();
};

function show([old, now]) {
  const cell = (line, kind) => make("code", {className: line === undefined ? "none" : kind, innerHTML: line ?? ""});
  const row = (a, b, same) => make("div", {className: "row"}, cell(a, same ? "twice" : "d"), cell(b, same ? "" : "a"));
  const rows = [];
  let gone = [], come = [];
  const flush = () => {
    for (let at = 0; at < Math.max(gone.length, come.length); ++at) rows.push(row(gone[at], come[at], false));
    gone = [];
    come = [];
  };
  for (const [a, b] of pairs(old, now)) {
    if (a !== undefined && b !== undefined) { flush(); rows.push(row(a, b, true)); } else if (b === undefined) gone.push(a); else come.push(b);
  }
  flush();
  document.getElementById("compare").replaceChildren(...rows);
}

// The longest common subsequence: lines of both, of the old file alone, and of the new one alone.
function pairs(old, now) {
  const width = now.length + 1, length = new Uint16Array((old.length + 1) * width);
  for (let a = old.length - 1; a >= 0; --a)
    for (let b = now.length - 1; b >= 0; --b)
      length[a * width + b] = old[a] === now[b] ? length[(a + 1) * width + b + 1] + 1 : Math.max(length[(a + 1) * width + b], length[a * width + b + 1]);
  const out = [];
  let a = 0, b = 0;
  while (a < old.length || b < now.length) {
    if (a < old.length && b < now.length && old[a] === now[b]) out.push([old[a++], now[b++]]);
    else if (b === now.length || (a < old.length && length[(a + 1) * width + b] >= length[a * width + b + 1])) out.push([old[a++], undefined]);
    else out.push([undefined, now[b++]]);
  }
  return out;
}
