// Plays the sheet of notes: its chords and its melody as they stand there. Each cell is read just before it sounds, so
// what is painted meanwhile is heard when the line comes to it. One script with sheet.js, which stands after it.
const AHEAD = 0.2, LOOK = 50;           // seconds that are settled before they sound; ms between two looks
const TUNE = 523.25, HARMONY = 261.63;  // Hz, the C of the melody and that of the chords
const LOUD = 0.16, SOFT = 0.06;
let stage = null;  // all that sounds, null while nothing does

const voice = (context, frequency) => {
  const tone = context.createOscillator(), volume = context.createGain();
  [tone.type, tone.frequency.value, volume.gain.value] = ["triangle", frequency, 0];
  tone.connect(volume).connect(context.destination);
  tone.start();
  return { pitch: tone.frequency, loudness: volume.gain };
};
// Struck, it fades to half; nothing jumps, for that would click.
const strike = ({ loudness }, at, level) => {
  loudness.cancelScheduledValues(at);
  loudness.setTargetAtTime(level, at, 0.008);
  loudness.setTargetAtTime(level / 2, at + 0.06, 0.4);
};
const damp = ({ loudness }, at) => {
  loudness.cancelScheduledValues(at);
  loudness.setTargetAtTime(0, at, 0.03);
};

const settle = () => {
  const { context, start, tune, harmony } = stage, now = context.currentTime - start;
  if (now >= base.seconds || !find(".sheet-scroll").clientWidth) return halt();  // over, or out of sight
  while (stage.next < Math.min(now + AHEAD, base.seconds)) {
    const col = Math.floor(stage.next / paint.step + 1e-6), at = start + Math.max(stage.next, now);
    const note = sung(col), bits = sounding(col), bar = base.bar ? barOf(col) : 0;
    if (note !== stage.note) damp(tune, at);
    if (note !== stage.note && note !== REST) {
      tune.pitch.setValueAtTime(TUNE * 2 ** (note / 12), at);
      strike(tune, at, LOUD);
    }
    harmony.forEach((each, pitch) => {  // with every bar the chord is struck anew
      const sounds = (bits >> pitch) & 1, did = (stage.bits >> pitch) & 1;
      if (sounds && (!did || bar !== stage.bar)) strike(each, at, SOFT);
      else if (did && !sounds) damp(each, at);
    });
    Object.assign(stage, { note, bits, bar, next: (col + 1) * paint.step });
  }
};
const follow = () => {
  if (!stage) return;
  const scroll = find(".sheet-scroll"), at = Math.max(0, stage.context.currentTime - stage.start);
  const x = (at / (cells() * paint.step)) * wide(), past = x - scroll.scrollLeft - scroll.clientWidth;
  find(".sheet-line").style.transform = `translateX(${x}px)`;
  if (past >= 0 && past < 30) scroll.scrollLeft = x - 8;  // who looks elsewhere meanwhile is left there
  requestAnimationFrame(follow);
};
const perform = async () => {
  const context = new AudioContext();
  const mine = stage = {
    context, start: 0, next: 0, note: REST, bits: 0, bar: 0, timer: 0, tune: voice(context, TUNE),
    harmony: fixed.pitches.map((_, pitch) => voice(context, HARMONY * 2 ** (pitch / 12))),
  };
  draw();
  await context.resume().catch(() => { /* stopped before the browser let it play */ });
  if (stage !== mine) return;
  session(true);
  element.dispatchEvent(new Event("playing"));  // live.js lets one sound at a time be heard
  find(".sheet-scroll").scrollLeft = 0;
  find(".sheet-line").hidden = false;
  stage.start = context.currentTime + AHEAD / 2;
  stage.timer = setInterval(settle, LOOK);
  settle();
  follow();
};
const halt = () => {
  if (!stage) return;
  const { context, timer, tune, harmony } = stage;
  clearInterval(timer);
  for (const each of [tune, ...harmony]) damp(each, context.currentTime);
  setTimeout(() => context.close(), 200);
  session(false);
  stage = null;
  find(".sheet-line").hidden = true;
  draw();
};
element.pause = halt;  // as every player has it
document.addEventListener("visibilitychange", () => { if (document.hidden) halt(); });
