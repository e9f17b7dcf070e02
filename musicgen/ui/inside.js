// One step of a take, seen from inside. `props.base` (JSON, from inside.py) tells of the take, `props.scores` the scores of
// one of its codes; which one is wanted says `props.value`, "frame,codebook", and "input" asks for it. What is moved here
// asks no server: the arithmetic is that of sampling.py. component.js is put before this. The element #inside tells
// its state: data-state is none, ready or waiting.
const SHOWN = 16, MASS = 0.9, PAUSE = 120;  // codes in the table; what the fewest codes are to hold; ms
const root = element.closest("#inside") ?? element;
const COUNTS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 250, 300, 400, 500, 700, 1000, 1500];

let told = null, known = null;             // of the take; the scores there are: their place, code, two rows
let at = { frame: 0, book: 0 }, now = {};  // the place that is wanted; the settings
let counts = [], timer = 0;                // what top-k can be: the last is off, 0 as in sampling.py

const fill = (text, ...values) => values.reduce((said, value, i) => said.replace(`#${i + 1}`, value), say(text));
const share = (p) => {
  const percent = 100 * p;
  if (p > 0 && percent < 0.01) return "< 0.01 %";
  return `${percent.toFixed(p === 0 ? 0 : percent < 1 ? 2 : 1)} %`;
};
const ratio = (logarithm) => `${logarithm < 0 ? "÷" : "×"} ${Number(Math.exp(Math.abs(logarithm)).toPrecision(2))}`;

// -- sampling.py, for one codebook ------------------------------------------------------------------------------------
const guide = (conditional, unconditional, scale) => conditional.map((c, i) => unconditional[i] + (c - unconditional[i]) * scale);
const softmax = (logits) => {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const mass = logits.map((value) => Math.exp(value - most)), sum = mass.reduce((a, b) => a + b, 0);
  return mass.map((value) => value / sum);
};
const ranked = (logits) => logits.map((_, code) => code).sort((a, b) => logits[b] - logits[a]);  // of equals the lower first
const keepTopK = (logits, k) => {
  if (!(0 < k && k < logits.length)) return logits;
  const least = logits[ranked(logits)[k - 1]];
  return logits.map((value) => (value < least ? -Infinity : value));
};
const keepTopP = (logits, p) => {
  const mass = softmax(logits), kept = logits.map(() => -Infinity);
  let before = 0;
  for (const [place, code] of ranked(logits).entries()) {
    if (place && before >= p) break;
    kept[code] = logits[code];
    before += mass[code];
  }
  return kept;
};
const lean = (logits, odds, weight) => (odds ? logits.map((value, i) => value + weight * odds[i]) : logits);  // telling.py
const distribution = ([conditional, unconditional, odds], { guidance, prior, temperature, topK, topP }, factor) => {
  const mixed = lean(guide(conditional, unconditional, guidance), odds, prior), cooled = mixed.map((value) => value / (temperature * factor));
  return { mixed, end: softmax(topP > 0 ? keepTopP(cooled, topP) : keepTopK(cooled, topK)) };
};

// -- the place --------------------------------------------------------------------------------------------------------
const seconds = (frame) => ((told.start + frame) / told.rate).toFixed(2);
const strip = () => {
  const moved = told.moved[at.book], most = Math.max(...moved, 1e-6), last = moved.length;
  const line = moved.map((value, t) => `L${t} ${(100 - (95 * value) / most).toFixed(1)}L${t + 1} ${(100 - (95 * value) / most).toFixed(1)}`);
  find(".inside-strip svg").setAttribute("viewBox", `0 0 ${last} 100`);
  find(".inside-strip path").setAttribute("d", `M0 100${line.join("")}L${last} 100Z`);
  find(".inside-most").textContent = fill("up to #1 nats", most.toPrecision(2));
  const length = last / told.rate;
  find(".inside-bars").replaceChildren(...told.bars.map(([begin, chord], i) => {
    const bar = document.createElement("span"), from = begin - told.start / told.rate;
    const to = i + 1 < told.bars.length ? told.bars[i + 1][0] - told.start / told.rate : length;
    bar.style.cssText = `left:${(100 * from) / length}%;width:${(100 * (to - from)) / length}%`;
    bar.textContent = chord;
    return bar;
  }));
};
const ask = () => {
  root.dataset.state = "waiting";
  clearTimeout(timer);
  timer = setTimeout(() => { props.value = `${at.frame},${at.book}`; trigger("input"); }, PAUSE);
};
const go = (frame, book) => {
  const other = book !== at.book;
  at = { frame: Math.max(0, Math.min(told.moved[0].length - 1, frame)), book };
  if (other) strip();
  pointed();
  ask();
};
const pointed = () => {
  const range = find("[data-set=frame]");
  range.value = at.frame;
  range.setAttribute("aria-valuetext", `${seconds(at.frame)} s`);
  find(".inside-line").style.left = `${(100 * (at.frame + 0.5)) / told.moved[0].length}%`;
  for (const button of element.querySelectorAll(".inside-books button")) {
    button.setAttribute("aria-pressed", String(Number(button.value) === at.book));
  }
};

// -- the settings -----------------------------------------------------------------------------------------------------
const options = () => {  // those of the take among them, as they are
  counts = COUNTS.filter((k) => k < told.size);
  if (told.topK > 0 && told.topK < told.size && !counts.includes(told.topK)) counts.push(told.topK);
  counts.sort((a, b) => a - b).push(0);
  find("[data-set=topK]").max = counts.length - 1;
  find("[data-set=guidance]").max = Math.max(10, told.guidance);
  find("[data-set=temperature]").max = Math.max(2, told.temperature);
  find("[data-set=prior]").max = Math.max(2, told.prior ?? 0);
  for (const part of element.querySelectorAll(".prior")) part.hidden = told.prior === null;
};
const reset = () => {
  const { guidance, prior, temperature, topK, topP } = told;
  now = { guidance, prior: prior ?? 0, temperature, topK: topK < told.size ? topK : 0, topP };
};
const named = () => {
  const factor = told.factors[at.book], heat = now.temperature.toFixed(2);
  return {
    guidance: now.guidance.toFixed(1),
    prior: now.prior.toFixed(2),
    temperature: factor === 1 ? heat : `${heat} × ${factor} = ${(now.temperature * factor).toFixed(2)}`,
    topK: now.topP > 0 || !now.topK ? say("off") : String(now.topK),
    topP: now.topP > 0 ? String(Number(now.topP.toFixed(3))) : say("off"),
  };
};
const settings = () => {
  const words = named();
  for (const range of element.querySelectorAll(".inside-sliders input")) {
    const what = range.dataset.set;
    range.value = what === "topK" ? counts.indexOf(now.topK) : now[what];
    range.setAttribute("aria-valuetext", words[what]);
    range.parentElement.querySelector("b").textContent = words[what];
  }
};

// -- what comes of them -----------------------------------------------------------------------------------------------
const draw = () => {
  if (!told || !known) return;
  settings();
  const { mixed, end } = distribution(known.rows, now, told.factors[known.book]);
  const [conditional, unconditional] = known.rows.slice(0, 2).map(softmax), odds = known.rows[2];
  const order = ranked(mixed), drawn = known.code, rank = 1 + order.indexOf(drawn);
  const byMass = end.slice().sort((a, b) => b - a);
  let held = 0, count = 0;
  while (count < byMass.length && held < MASS) held += byMass[count++];
  const entropy = -end.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0);
  const nats = (value) => Math.max(0, value).toFixed(2);
  find(".inside-where").textContent = fill(
    "At #1 s: frame #2, codebook #3, predicted in step #4.", seconds(known.frame), told.start + known.frame + 1,
    known.book + 1, known.step + 1,
  );
  find("output").textContent = [
    fill("The likeliest code is #1, with #2. Codes that make up 90 %: #3. Entropy: #4 nats.", order[0], share(end[order[0]]), count, nats(entropy)),
    end[drawn] > 0
      ? fill("The code drawn is #1, with #2: rank #3, a surprise of #4 nats.", drawn, share(end[drawn]), rank, nats(-Math.log(end[drawn])))
      : fill("The code drawn is #1, rank #2: these settings leave it out.", drawn, rank),
  ].join(" ");
  const codes = order.slice(0, SHOWN);
  if (!codes.includes(drawn)) codes.push(drawn);
  const most = Math.max(...codes.flatMap((code) => [conditional[code], unconditional[code], end[code]]));
  find("tbody").replaceChildren(...codes.map((code) => {
    const row = document.createElement("tr"), cell = (kind, text, scope) => {
      const made = row.appendChild(document.createElement(scope ? "th" : "td"));
      if (scope) made.scope = scope;
      made.className = kind;
      made.textContent = text;
      return made;
    };
    row.classList.toggle("drawn", code === drawn);
    row.classList.toggle("out", end[code] === 0);
    cell("code", code === drawn ? `${code} · ${say("drawn")}` : code, "row");
    const track = cell("track", "").appendChild(document.createElement("div"));
    track.setAttribute("aria-hidden", "true");
    for (const [kind, p] of [["after", end[code]], ["told", conditional[code]], ["without", unconditional[code]]]) {
      const mark = track.appendChild(document.createElement("i"));
      mark.className = kind;
      mark.style[kind === "after" ? "width" : "left"] = `${(100 * p) / most}%`;
    }
    cell("told", share(conditional[code]));
    cell("without", share(unconditional[code]));
    if (odds) cell("prior", ratio(odds[code]));
    cell("after", share(end[code]));
    return row;
  }));
};

// -- pointer, keys, buttons -------------------------------------------------------------------------------------------
element.addEventListener("input", (event) => {
  const { set } = event.target.dataset, value = Number(event.target.value);
  if (!told || !set) return;
  if (set === "frame") return go(value, at.book);
  now[set] = set === "topK" ? counts[value] : value;
  if (set === "topK") now.topP = 0;  // top-p has the word where both are set
  draw();
});
element.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!told || !button) return;
  if (button.dataset.do === "reset") { reset(); draw(); } else go(at.frame, Number(button.value));
});
const area = find(".inside-strip");
const here = (event) => {
  const box = area.getBoundingClientRect();
  go(Math.floor(((event.clientX - box.left) / box.width) * told.moved[0].length), at.book);
};
area.addEventListener("pointerdown", (event) => {
  if (event.button || !event.isPrimary || !told) return;
  area.setPointerCapture(event.pointerId);
  here(event);
});
area.addEventListener("pointermove", (event) => { if (area.hasPointerCapture(event.pointerId)) here(event); });

const begin = () => {
  at = { frame: 0, book: 0 };
  known = null;
  options();
  reset();
  find("[data-set=frame]").max = told.moved[0].length - 1;
  find(".inside-books").replaceChildren(...told.moved.map((_, book) => {
    const button = document.createElement("button");
    [button.type, button.value, button.textContent] = ["button", book, `${say("Codebook")} ${book + 1}`];
    return button;
  }));
  strip();
};
const load = () => {
  let next = null, scores = null;
  try { next = JSON.parse(props.base || "null"); } catch { /* nothing to look at */ }
  try { scores = JSON.parse(props.scores || "null"); } catch { /* not yet */ }
  if (next?.name !== told?.name) {
    clearTimeout(timer);
    told = next;
    if (told) begin();
  }
  if (!told) { root.dataset.state = "none"; return; }
  if (scores?.name === told.name) {
    if (!known) {  // the first: the server has chosen the place
      at = { frame: scores.frame, book: scores.book };
      pointed();
    }
    const bytes = Uint8Array.from(atob(scores.rows), (letter) => letter.charCodeAt(0));
    const all = [...new Float32Array(bytes.buffer)];
    const rows = Array.from({ length: all.length / told.size }, (_, i) => all.slice(i * told.size, (i + 1) * told.size));
    known = { ...scores, rows };
    if (scores.frame === at.frame && scores.book === at.book) root.dataset.state = "ready";
  }
  draw();
};
for (const part of element.querySelectorAll("[data-label]")) part.ariaLabel = say(part.ariaLabel);
watch(["base", "scores"], load);
load();
