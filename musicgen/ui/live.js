// The sound of a take while it is made. Every update of `props.value` (JSON, from live.py) names all chunks there are so
// far; those not yet seen are fetched and put one behind the other, to the sample, on one clock. component.js is
// put before this. The element #live tells its state: data-state and data-played.
const RATE = 32000;  // of nearly every model; known before the first take says its own
const LEAD = 0.05;   // seconds from "it is there" to "it sounds", for the browser to get ready
const SAFE = 0.02;   // what begins sooner than this comes too late for its place
const TICK = 100;    // ms
const root = element.closest("#live") ?? element;

let context = null, tuned = 0, unlocked = false;  // clock and loudspeaker, their rate, whether the browser let them run
let told = null, seen = 0, coming = 0;            // the stream; how many chunks of it were asked for, are on their way
let row = Promise.resolve(), gone = new AbortController(), sources = new Set();  // chunks become sound in their order
let start = 0, end = 0;                           // of the sound, by the clock; silences in between moved the start
let arrived = 0, played = 0, held = false, timer = 0;
let store = [], starved = false;  // chunks kept back, and whether they have to be
let first = 0, begun = 0, latest = 0;  // how long the first chunk was; when it came, and the latest one

// -- the browser's leave to play: asked for while a key or button is pressed, used when the sound comes ---------------
const open = (rate) => {
  if (context && tuned === rate) return;
  if (context) { context.onstatechange = null; context.close(); }
  tuned = rate;
  try { context = new AudioContext({ sampleRate: rate }); } catch { context = new AudioContext(); }
  context.onstatechange = () => { if (unlocked) go(); show(); };
};
const busy = () => told !== null && state() !== "ended";
const run = () => {
  if (busy()) session(true);
  return context.resume().then(() => { unlocked = true; rest(); }).catch(() => { /* closed meanwhile */ });
};
const rest = () => {
  if (context?.state === "running" && (held || !busy())) context.suspend().then(() => session(false));
};
const go = () => { if (context && context.state !== "running" && busy() && !held) run(); };
const unlock = (event) => {
  if (element.contains(event.target)) return;  // our own button says itself what it wants
  const recorder = event.type === "pointerdown" && event.target.closest?.("#melody, #continue-from, #books-source");
  if (recorder) {  // who records wants silence, and the microphone
    if (["playing", "waiting"].includes(state())) pause();
    const host = other?.getRootNode().host ?? other;  // a player's sound is in its shadow
    if (!recorder.contains(host)) other?.pause();  // what was recorded there has a button of its own
    audible.clear();
    return session(false);
  }
  if (!context) open(RATE);
  if (unlocked) go(); else run();
};
for (const name of ["pointerdown", "pointerup", "keydown"]) document.addEventListener(name, unlock, true);

// -- chunks -----------------------------------------------------------------------------------------------------------
const address = (folder, name) => {
  const { root: base = "", api_prefix: prefix = "/gradio_api" } = window.gradio_config ?? {};
  const page = new URL(base, location.href);
  // Behind a proxy the browser knows protocol and port better than the server does.
  const origin = page.hostname === location.hostname ? location.origin : page.origin;
  return `${origin}${page.pathname.replace(/\/$/, "")}${prefix}/file=${folder}/${name}`;
};
// A model that is slower than its music plays the first chunk at once, so that one hears what it will be; then nothing
// until as much is there as makes the rest come in time: a second of music, a second of silence, is none.
const enough = () => {
  const rate = (arrived - first) / ((latest - begun) / 1000);  // seconds of sound a second
  const ahead = store.reduce((sum, buffer) => sum + buffer.duration, 0);
  return told.over || ahead >= Math.max(0, told.seconds - arrived) * (1 / rate - 1);
};
const release = () => {
  if (starved && !enough()) return;
  starved = false;
  for (const buffer of store.splice(0)) place(buffer);
};
const take = (buffer) => {
  latest = performance.now();
  if (!arrived) {
    other?.pause();  // one sound at a time
    [first, begun] = [buffer.duration, latest];
  } else if (!store.length && left() < SAFE) starved = true;
  arrived += buffer.duration;
  store.push(buffer);
  release();
};
const place = (buffer) => {
  const rate = context.sampleRate, now = context.currentTime;
  if (end < now + SAFE) {  // the first, or one that comes after the last was over: in whole samples, for what follows it
    const from = Math.ceil((now + LEAD) * rate) / rate;
    start += from - end;   // the silence between counts as nothing heard
    end = from;
  }
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  source.onended = () => sources.delete(source);
  source.start(end);
  sources.add(source);
  end = (Math.round(end * rate) + buffer.length) / rate;
};
const receive = (name) => {
  const { signal } = gone;
  const sound = fetch(address(told.folder, name), { signal })
    .then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(answer.status)))
    .then((bytes) => context.decodeAudioData(bytes))
    .catch(() => null);  // left out: the whole take will have it
  coming += 1;
  row = row.then(() => sound).then((buffer) => {
    if (signal.aborted) return;
    coming -= 1;
    if (buffer) take(buffer);
    show();
  });
};
const clear = () => {
  gone.abort();
  gone = new AbortController();
  for (const source of sources) { source.onended = null; source.stop(); }
  sources.clear();
  row = Promise.resolve();
  [seen, coming, start, end, arrived, played, held, store, starved] = [0, 0, 0, 0, 0, 0, false, [], false];
};
const load = () => {
  let next = null;
  try { next = JSON.parse(props.value || "null"); } catch { /* nothing to play */ }
  if (told?.folder && next?.folder !== told.folder) clear();
  told = next;
  if (told?.names.length > seen) {
    open(told.rate);
    for (const name of told.names.slice(seen)) receive(name);
    seen = told.names.length;
  }
  if (told?.over) release();
  go();
  clearInterval(timer);
  if (told) timer = setInterval(show, TICK);
  show();
};

// -- what is seen -----------------------------------------------------------------------------------------------------
const left = () => (context ? end - context.currentTime : 0);
const state = () => {
  if (!told) return "idle";
  if (told.over && !coming && left() <= 0) return "ended";
  if (held || (left() > 0 && context.state !== "running")) return "paused";
  return left() > 0 ? "playing" : "waiting";
};
const show = () => {
  const now = state();
  if (context) played = Math.max(played, Math.min(context.currentTime, end) - start);
  if (now === "idle" || now === "ended") {
    clearInterval(timer);
    setTimeout(rest, 5 * TICK);  // what has left the clock is not yet out of the loudspeaker
  }
  const whole = told?.over ? arrived : Math.max(arrived, told?.seconds ?? 0), seconds = Math.floor(played);
  const part = (of) => `${whole ? (100 * of) / whole : 0}%`;
  find(".live-arrived").style.width = part(arrived);
  find(".live-played").style.width = part(played);
  find(".live-time").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  find("button").setAttribute("aria-label", say(now === "paused" ? "Play" : "Pause"));
  [root.dataset.state, root.dataset.played] = [now, played.toFixed(3)];
};
const pause = () => { held = true; rest(); show(); };
find("button").addEventListener("click", () => {
  if (state() !== "paused") return pause();
  held = false;
  other?.pause();
  run().then(show);
});
// One sound at a time. No event leaves the shadow in which the page's players keep their audio elements, so each of them
// is listened to from its first play on; `playing`, for a press on one that has nothing yet is no sound. What plays by
// other means says the same from an element that has a `pause`.
let other = null;
const yields = (event) => {
  const last = other;
  other = event.target;
  if (last !== other) last?.pause();
  if (["playing", "waiting"].includes(state())) pause();
};
const { play } = HTMLMediaElement.prototype;
HTMLMediaElement.prototype.play = function () {
  this.addEventListener("playing", yields);
  return play.call(this);
};
document.addEventListener("playing", yields, true);  // those with the browser's own buttons

watch("value", load);
load();
