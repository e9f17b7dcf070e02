// Plays a take's loop, round and round. `props.value` (JSON, from looped.py) says what there is to loop. The file is made
// when it is first wanted: "click" asks for it, a "loop" event at #loop brings its address, or none. component.js
// is put before this. The element #loop tells its state: none, ready, waiting, playing.
const root = element.closest("#loop") ?? element;

let told = null, asked = null, buffer = null;  // what there is; of which the file is on its way; its sound
let context = null, tuned = 0, source = null, wanted = false;

// At the rate of the file: resampled, its end would no longer meet its beginning.
const open = (rate) => {
  if (context && tuned === rate) return;
  context?.close();
  tuned = rate;
  try { context = new AudioContext({ sampleRate: rate }); } catch { context = new AudioContext(); }
};
const show = () => {
  root.dataset.state = !told ? "none" : source ? "playing" : wanted ? "waiting" : "ready";
  find("button").setAttribute("aria-pressed", String(wanted));
  find("output").textContent = told ? `${told.bars} ${say(told.bars === 1 ? "bar" : "bars")}, ${told.bpm} bpm` : "";
};
const start = () => {
  if (!wanted || !buffer || source) return;
  session(true);
  source = Object.assign(context.createBufferSource(), { buffer, loop: true });
  source.connect(context.destination);
  source.start();
  root.dispatchEvent(new Event("playing"));  // live.js lets one sound at a time be heard
  show();
};
const stop = () => {
  if (source) {
    source.stop();
    context.suspend();
  }
  [source, wanted] = [null, false];
  session(false);
  show();
};
const ask = () => {
  if (asked) return;  // the answer is yet to come, and may turn out to be another take's
  asked = told;
  trigger("click");
};
const receive = async ({ detail: address }) => {
  const mine = asked;
  asked = null;
  if (mine !== told) { if (wanted) ask(); return; }
  const sound = address && await fetch(address)
    .then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(answer.status)))
    .then((bytes) => context.decodeAudioData(bytes))
    .catch(() => null);
  if (mine !== told) return;
  buffer = sound;
  if (sound) start(); else stop();
};
const load = () => {
  stop();
  [told, buffer] = [null, null];
  try { told = JSON.parse(props.value || "null"); } catch { /* nothing to loop */ }
  show();
};

root.pause = stop;  // as every player has it
root.addEventListener("loop", receive);
find("button").addEventListener("click", () => {
  if (wanted) return stop();
  wanted = true;
  open(told.rate);
  context.resume().catch(() => { /* closed meanwhile */ });
  if (buffer) start(); else ask();
  show();
});
watch("value", load);
load();
