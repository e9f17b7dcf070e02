// The sheet of notes: time across, pitch classes up, chords and melody as the plan or the upload has them, painted over
// by pointer or keys. `props.base` (JSON) is what lies under the paint, `props.value` the paint as text (painting.py);
// component.js is put before this, and in `fixed`, by sheet.py, the names of notes and chords.
const KEPT = -2, REST = -1, UNTOUCHED = -1, LETTERS = "0123456789ab";
const COARSE = matchMedia("(pointer: coarse)").matches;  // fingers need larger cells
const ROW = COARSE ? 24 : 15, HEAD = 20, FOOT = 18, NAMES = 38, ROWS = 13, NARROW = COARSE ? 20 : 7;

let base = { seconds: 10, step: 0.25, beat: 0.5, bar: 0, names: [], melody: [], chords: [] };
let paint = { step: 0.25, melody: [], chords: [] };
let layer = "melody", cursor = { col: 0, row: 0 }, stroke = null, undo = [];

const read = (text) => {
  const found = /^([\d.]+);m=([-.0-9ab]*);c=([0-9a-f,]*)$/.exec(text ?? "");
  if (!found) return { step: base.step, melody: [], chords: [] };
  return {
    step: Number(found[1]),
    melody: [...found[2]].map((c) => (c === "-" ? REST : c === "." ? KEPT : LETTERS.indexOf(c))),
    chords: found[3] ? found[3].split(",").map((c) => (c ? parseInt(c, 16) : UNTOUCHED)) : [],
  };
};
const written = () => {
  const trimmed = (cells, nothing) => cells.slice(0, cells.findLastIndex((cell) => cell !== nothing) + 1);
  const melody = trimmed(paint.melody, KEPT), chords = trimmed(paint.chords, UNTOUCHED);
  if (!melody.length && !chords.length) return "";
  const letter = (cell) => (cell === REST ? "-" : cell === KEPT ? "." : LETTERS[cell]);
  const number = (cell) => (cell === UNTOUCHED ? "" : cell.toString(16));
  return `${paint.step};m=${melody.map(letter).join("")};c=${chords.map(number).join(",")}`;
};

const cells = () => Math.max(1, Math.ceil(base.seconds / paint.step - 1e-6));
const painted = (what, col) => {
  const cell = paint[what][col];
  return cell === undefined || cell === (what === "melody" ? KEPT : UNTOUCHED) ? null : cell;
};
const sung = (col) => painted("melody", col) ?? base.melody[col] ?? REST;
const sounding = (col) => painted("chords", col) ?? base.chords[col] ?? 0;
const barOf = (col) => (base.bar ? Math.floor(((col + 0.5) * paint.step) / base.bar) : col);
const put = (what, col, cell) => {
  const nothing = what === "melody" ? KEPT : UNTOUCHED;
  while (paint[what].length <= col) paint[what].push(nothing);
  paint[what][col] = cell ?? nothing;
};
const chordName = (bits) => {
  const notes = fixed.pitches.map((_, pitch) => pitch).filter((pitch) => (bits >> pitch) & 1);
  for (const root of notes) {
    const shape = notes.map((note) => (note - root + 12) % 12).sort((a, b) => a - b).join();
    if (shape in fixed.qualities) return fixed.pitches[root] + fixed.qualities[shape];
  }
  return notes.map((note) => fixed.pitches[note]).join(" ");
};

// -- what a stroke does: its first cell decides, the others follow ----------------------------------------------------
const begin = ({ col, row }) => {
  undo.push(written());
  const pitch = 11 - row;
  if (layer === "erase") stroke = "erase";
  else if (layer === "chords") stroke = row === 12 || (sounding(col) >> pitch) & 1 ? "remove" : "add";
  else stroke = row < 12 && sung(col) === pitch ? (painted("melody", col) === null ? "rest" : "erase-melody") : "note";
};
const touch = ({ col, row }) => {
  const pitch = 11 - row;
  if (stroke === "note") put("melody", col, row === 12 ? REST : pitch);
  else if (stroke === "rest") put("melody", col, REST);
  else if (stroke === "erase-melody") put("melody", col, null);
  else {
    for (let other = 0; other < cells(); other++) {  // chords change by the bar
      if (barOf(other) !== barOf(col)) continue;
      if (stroke === "erase") put("chords", other, null);
      else if (row === 12) put("chords", other, 0);
      else put("chords", other, stroke === "add" ? sounding(other) | (1 << pitch) : sounding(other) & ~(1 << pitch));
    }
    if (stroke === "erase") put("melody", col, null);
  }
};
const takeBack = () => { paint = read(undo.pop()); tell(); };
// What is painted is heard: the note, or the bar's chord.
let sound = null, asked = 0, quiet = 0;
const hear = ({ col }) => {
  untold = false;
  const bits = sounding(col), note = sung(col);
  const notes = layer === "chords" ? fixed.pitches.map((_, p) => p).filter((p) => (bits >> p) & 1) : [note];
  if (layer === "erase" || notes[0] === undefined || notes[0] === REST) return;
  sound ??= new AudioContext();
  session(true, sound);
  const mine = ++asked;  // of several that wait for the browser's leave only the last is heard
  sound.resume().then(() => { if (mine === asked) play(notes); });
  clearTimeout(quiet);
  quiet = setTimeout(() => sound.suspend().then(() => session(false, sound)), 2000);
};
const play = (notes) => {
  const loudness = sound.createGain(), now = sound.currentTime;
  loudness.gain.setValueAtTime(0.2 / notes.length, now);
  loudness.gain.setTargetAtTime(0, now + 0.05, 0.08);
  loudness.connect(sound.destination);
  for (const pitch of notes) {
    const tone = sound.createOscillator();
    tone.type = "triangle";
    tone.frequency.value = 261.63 * 2 ** (pitch / 12);
    tone.connect(loudness);
    tone.start(now);
    tone.stop(now + 0.5);
  }
};
// With the last paint gone the grid of time may be another: "clear" asks for it.
const tell = () => { props.value = written(); trigger(props.value ? "input" : "clear"); draw(); };

// -- drawing ----------------------------------------------------------------------------------------------------------
const prepared = (canvas, width, height) => {
  // No sharper than browsers can hold: iOS no more than 16 million pixels, others no more than 32,767 across.
  const sharp = Math.min(window.devicePixelRatio || 1, 32000 / width, Math.sqrt(16e6 / (width * height)));
  canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * sharp); canvas.height = Math.round(height * sharp);
  const pen = canvas.getContext("2d");
  pen.scale(sharp, sharp);
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  return pen;
};
const wide = () => Math.max(find(".sheet-scroll").clientWidth - 1, cells() * NARROW);
const draw = () => {
  const canvas = find(".sheet-cells"), scroll = find(".sheet-scroll");
  if (!canvas || !scroll.clientWidth) return;
  const count = cells(), width = wide(), across = (col) => (col * width) / count;
  const secondsAcross = (t) => (t / (count * paint.step)) * width;
  const height = HEAD + ROW * ROWS + FOOT, bottom = HEAD + ROW * ROWS, pen = prepared(canvas, width, height);
  const style = getComputedStyle(element), dark = document.body.classList.contains("dark");
  const ink = style.getPropertyValue("--body-text-color"), pale = style.getPropertyValue("--body-text-color-subdued");
  const line = style.getPropertyValue("--block-border-color"), tone = dark ? "#2dd4bf" : "#0f766e", own = "#d97706";

  let silent = true;
  for (let col = 0; col < count; col++) {
    const x = across(col), w = across(col + 1) - x, chord = sounding(col), mine = painted("chords", col) !== null;
    if (chord || sung(col) !== REST) silent = false;
    for (let pitch = 0; pitch < 12; pitch++) {
      const y = HEAD + ROW * (11 - pitch);
      if ((chord >> pitch) & 1) {
        pen.globalAlpha = 0.28; pen.fillStyle = mine ? own : tone; pen.fillRect(x, y, w, ROW);
        pen.globalAlpha = 1;
      }
      if (sung(col) === pitch) {
        const yours = painted("melody", col) !== null;
        pen.fillStyle = yours ? own : tone; pen.fillRect(x, y + 3, w, ROW - 6);
        if (yours) { pen.fillStyle = dark ? "#fff" : "#451a03"; pen.fillRect(x, y + ROW / 2 - 1, w, 2); }
      }
    }
    if (painted("melody", col) === REST || (mine && !chord)) {
      pen.fillStyle = own; pen.fillRect(x + 0.5, HEAD + ROW * 12 + 4, Math.max(w - 1, 1), ROW - 8);
    }
  }
  pen.strokeStyle = line; pen.lineWidth = 1;
  for (let row = 0; row <= ROWS; row++) {
    pen.beginPath(); pen.moveTo(0, HEAD + ROW * row + 0.5); pen.lineTo(width, HEAD + ROW * row + 0.5); pen.stroke();
  }
  const ruled = (every, from, alpha) => {
    pen.strokeStyle = ink; pen.globalAlpha = alpha;
    for (let i = 0; every > 0 && i * every < base.seconds; i++) {
      const x = Math.round(secondsAcross(i * every)) + 0.5;
      pen.beginPath(); pen.moveTo(x, from); pen.lineTo(x, bottom); pen.stroke();
    }
    pen.globalAlpha = 1;
  };
  if (secondsAcross(base.beat) > 8) ruled(base.beat, HEAD, 0.14);
  ruled(base.bar, 0, 0.5);
  pen.fillStyle = ink;
  for (let bar = 0; base.bar && bar * base.bar < base.seconds; bar++) {
    const col = Math.min(count - 1, Math.floor(((bar + 0.5) * base.bar) / paint.step));
    const mine = painted("chords", col) !== null;
    const name = mine ? chordName(sounding(col)) : base.names.length ? base.names[bar % base.names.length] : "";
    pen.save(); pen.beginPath(); pen.rect(secondsAcross(bar * base.bar), 0, secondsAcross(base.bar) - 3, HEAD); pen.clip();
    pen.fillStyle = mine ? (dark ? "#f59e0b" : "#b45309") : ink; pen.fillText(name, secondsAcross(bar * base.bar) + 4, HEAD / 2); pen.restore();
  }
  pen.fillStyle = pale;
  const gap = [0.5, 1, 2, 5, 10, 15, 30].find((each) => secondsAcross(each) > 40) ?? 60;
  for (let t = 0; t < base.seconds; t += gap) pen.fillText(`${t} s`, secondsAcross(t) + 1, bottom + FOOT / 2 + 1);
  if (document.activeElement === canvas) {
    pen.strokeStyle = ink; pen.lineWidth = 2;
    pen.strokeRect(across(cursor.col) + 1, HEAD + ROW * cursor.row + 1, width / count - 2, ROW - 2);
  }

  const names = prepared(find(".sheet-names"), NAMES, height);
  names.textAlign = "right"; names.fillStyle = ink;
  fixed.pitches.forEach((name, pitch) => names.fillText(name, NAMES - 6, HEAD + ROW * (11.5 - pitch)));
  names.fillStyle = pale; names.fillText(say("rest"), NAMES - 6, HEAD + ROW * 12.5);
  for (const button of element.querySelectorAll("[data-layer]")) {
    button.setAttribute("aria-pressed", String(button.dataset.layer === layer));
  }
  find("[data-do=play]").textContent = say(stage ? "Stop" : "Play");
  find("[data-do=play]").disabled = silent && !stage;
  find("[data-do=undo]").disabled = !undo.length;
  find("[data-do=clear]").disabled = !written();
  element.querySelectorAll("[data-do=back],[data-do=on]").forEach((b) => { b.hidden = scroll.scrollWidth <= scroll.clientWidth + 2; });
};
const announce = () => {
  const { col, row } = cursor, pitch = 11 - row, bar = base.bar ? `${say("bar")} ${barOf(col) + 1}, ` : "";
  const what = [];
  if (row < 12 && sung(col) === pitch) what.push(say("melody"));
  if (row < 12 && (sounding(col) >> pitch) & 1) what.push(say("chord"));
  const name = row === 12 ? say("rest") : fixed.pitches[pitch];
  find("output").textContent = `${bar}${(col * paint.step).toFixed(2)} s: ${name}${what.length ? `, ${what.join(", ")}` : ""}`;
};

// -- pointer, keys, buttons -------------------------------------------------------------------------------------------
let untold = false;  // whether what a finger paints is still to be heard
const place = (event) => {
  const box = find(".sheet-cells").getBoundingClientRect(), within = (value, most) => Math.max(0, Math.min(most, value));
  return {
    col: within(Math.floor(((event.clientX - box.left) / box.width) * cells()), cells() - 1),
    row: within(Math.floor((event.clientY - box.top - HEAD) / ROW), ROWS - 1),
  };
};
const canvas = find(".sheet-cells");
canvas.addEventListener("pointerdown", (event) => {
  if (event.button || !event.isPrimary) return;  // a second finger zooms
  canvas.setPointerCapture(event.pointerId);
  cursor = place(event); begin(cursor); touch(cursor); announce(); draw();
  untold = true;
  if (event.pointerType !== "touch") hear(cursor);  // a finger may be about to scroll
});
canvas.addEventListener("pointermove", (event) => {
  if (!stroke || !event.isPrimary) return;
  const to = place(event), from = cursor.col;
  const way = to.col < from ? -1 : 1;  // a quick hand skips cells
  for (let col = from; col !== to.col + way; col += way) touch({ col, row: to.row });
  if (to.col !== from || to.row !== cursor.row) hear(to);
  cursor = to; draw();
});
const end = (event) => {
  if (!stroke || !event.isPrimary) return;
  stroke = null; tell(); announce();
  if (untold) hear(cursor);
};
canvas.addEventListener("pointerup", end);
canvas.addEventListener("pointercancel", () => {  // it was no stroke: a finger that scrolls the page
  if (stroke) { stroke = null; paint = read(undo.pop()); draw(); }
});
canvas.addEventListener("focus", () => { announce(); draw(); });
canvas.addEventListener("blur", draw);
canvas.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && undo.length) {
    event.preventDefault();
    return takeBack();
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key in moves) {
    const [x, y] = moves[event.key];
    cursor = {
      col: Math.max(0, Math.min(cells() - 1, cursor.col + x)), row: Math.max(0, Math.min(ROWS - 1, cursor.row + y)),
    };
    const scroll = find(".sheet-scroll"), at = ((cursor.col + 0.5) / cells()) * wide();
    if (at < scroll.scrollLeft || at > scroll.scrollLeft + scroll.clientWidth) scroll.scrollLeft = at - scroll.clientWidth / 2;
  } else if (event.key === " " || event.key === "Enter") {
    begin(cursor); touch(cursor); hear(cursor); stroke = null; tell();
  } else if (event.key === "Delete" || event.key === "Backspace") {
    undo.push(written()); stroke = "erase"; touch(cursor); stroke = null; tell();
  } else return;
  event.preventDefault();
  announce(); draw();
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const scroll = find(".sheet-scroll");
  if (button.dataset.layer) layer = button.dataset.layer;
  else if (button.dataset.do === "play") { if (stage) halt(); else perform(); }
  else if (button.dataset.do === "undo") takeBack();
  else if (button.dataset.do === "clear") { undo.push(written()); paint = read(""); tell(); }
  else scroll.scrollLeft += (button.dataset.do === "on" ? 0.8 : -0.8) * scroll.clientWidth;
  draw();
});

const load = () => {
  try { base = { ...base, ...JSON.parse(props.base || "{}") }; } catch { /* keep the last one */ }
  if (!stroke) {
    if (written() !== (props.value || "")) undo = [];  // another take's notes
    paint = read(props.value);
  }
  cursor.col = Math.min(cursor.col, cells() - 1);
  draw();
};
for (const part of element.querySelectorAll("[data-label]")) part.ariaLabel = say(part.ariaLabel);
watch(["value", "base"], load);
new ResizeObserver(draw).observe(find(".sheet-scroll"));
new MutationObserver(draw).observe(document.body, { attributeFilter: ["class"] });
load();
