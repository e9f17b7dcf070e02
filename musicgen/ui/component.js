// What the scripts of our own components begin with; `fixed`, put before it by scripts.py, has their words in other languages.
const find = (selector) => element.querySelector(selector);
const language = navigator.language.slice(0, 2);
const say = (text) => (fixed.words[language] ?? {})[text] ?? text;
// An iPhone's mute switch is for its ringing, not for music; but while a page says so, it lets nobody record.
// All components share one list of what is heard: who falls silent is not to mute another that has begun.
const audible = (window.musicgenAudible ??= new Set());
const session = (on, who = element) => {
  if (on) audible.add(who); else audible.delete(who);
  if (navigator.audioSession) navigator.audioSession.type = audible.size ? "playback" : "auto";
};
for (const part of element.querySelectorAll("[data-say]")) part.textContent = say(part.textContent);
