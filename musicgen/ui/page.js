// What belongs to the whole page: its keys, its boxes for numbers, the tempo that is tapped, its title.

// Ctrl+Enter (Cmd+Enter) makes a take, or a comparison on its tab; Escape stops it.
document.addEventListener("keydown", (event) => {
  const press = (...ids) => {  // the one on the tab that is open
    const button = ids.map((id) => document.getElementById(id)).find((b) => b && !b.disabled && b.offsetParent);
    if (button) button.click();
  };
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    const field = document.activeElement;
    field?.blur();  // the page hears of what was typed, and a number is brought into its range, when the field is left
    event.preventDefault();
    setTimeout(() => { press("generate", "lab-go"); if (field?.matches("textarea")) field.focus(); }, 50);
  } else if (event.key === "Escape" && !event.isComposing && !event.target.closest("[role=combobox]")) {
    press("stop", "lab-stop");
  }
});

// The server hears of every digit and refuses what is out of range: more than there is becomes all there is, and of
// nothing, or too little yet, it does not hear.
document.addEventListener("input", (event) => {
  const box = event.target;
  if (box.type !== "number") return;
  if (box.max !== "" && Number(box.value) > Number(box.max)) box.value = box.max;
  if (box.value === "" || Number(box.value) < Number(box.min)) event.stopImmediatePropagation();
}, true);

// A tempo that is tapped: the mean of the last taps, written as if it were typed, as far as a plan may go.
const TAPS = 8, PAUSE = 2000, SLOWEST = 40, QUICKEST = 220;  // ms; bpm
let taps = [];
document.addEventListener("click", ({ target, timeStamp }) => {  // of a pointer, or of the space bar
  const field = document.querySelector("#bpm :is(textarea, input)");
  if (!field || !target.closest("#tap")) return;
  if (timeStamp - taps.at(-1) > PAUSE) taps = [];
  taps = [...taps, timeStamp].slice(-TAPS);
  const bpm = (60000 * (taps.length - 1)) / (timeStamp - taps[0]);
  if (!(bpm > 0)) return;  // the first tap
  field.value = Math.round(Math.min(QUICKEST, Math.max(SLOWEST, bpm)));
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// Whether the seed is kept, for those who do not see the lock; and what was typed and set, for a page that is loaded
// again. Of what was set the server tells (`before.draft`), and is told when the page opens.
const DRAFT = "musicgen-draft", SETTINGS = "musicgen-settings", asked = new URLSearchParams(location.search);
const memory = {
  get: (what) => { try { return sessionStorage.getItem(what); } catch { return null; } },  // a frame may have none
  set: (what, text) => { try { sessionStorage.setItem(what, text); } catch { /* then a reload forgets */ } },
};
const remembered = memory.get(SETTINGS) ?? "";  // read before the new page writes its own
// The same, once the page is drawn: an answer of the server that comes before would change what is not there yet.
const drawn = async () => {
  for (let tries = 0; tries < 200 && !document.querySelector("#seed :is(textarea, input)"); tries++) {
    await new Promise((go) => { setTimeout(go, 50); });
  }
  return remembered;
};
// Who the takes belong to, for a browser that is new here: written at once, so that pages which open together are one
// and the same visitor's. The page has it in a place of its own from its first answer on.
const VISITOR = "musicgen-visitor";
const visitor = () => {
  try { return localStorage.getItem(VISITOR); } catch { return null; }  // then the server draws one
};
try {
  if (!visitor()) {
    const drawn = String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32)));
    localStorage.setItem(VISITOR, btoa(drawn).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, ""));
  }
} catch { /* nothing can be kept */ }
// Another's take is gone from the page once something of one's own is made, a link's settings once one of them is
// changed: from its address, too, or a page that is loaded again would bring them back in place of that.
const leave = (...names) => {
  const address = new URL(location.href);
  for (const name of names) address.searchParams.delete(name);
  if (address.href !== location.href) history.replaceState(history.state, "", address);
};
const SET = ["recipe", "given"];
document.addEventListener("click", ({ target }) => {
  if (target.closest?.("#generate, #again, #anew, #new-seed")) leave("take", ...SET);
}, true);
document.addEventListener("input", ({ isTrusted }) => { if (isTrusted) leave(...SET); }, true);
document.addEventListener("mousedown", ({ target }) => { if (target.closest?.("[role=option]")) leave(...SET); }, true);
let typed = false;  // into the prompt, since the page is here
document.addEventListener("input", ({ isTrusted, target }) => {
  typed ||= isTrusted && target.matches("#prompt textarea");
}, true);
let draft = asked.has("take") || asked.has("recipe") ? null : memory.get(DRAFT);  // such an address has its own words
setInterval(() => {
  const seed = document.querySelector("#seed :is(textarea, input)")?.value ?? "";
  document.getElementById("lock")?.setAttribute("aria-pressed", String(seed !== ""));
  for (const button of document.querySelectorAll(".dice")) button.title = button.textContent.trim();  // icons to the eye
  const field = document.querySelector("#prompt textarea"), settings = document.getElementById("draft")?.textContent.trim();
  if (settings) memory.set(SETTINGS, settings);
  if (!field) return;
  if (draft !== null && draft !== field.value && !typed) {
    field.value = draft;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  draft = null;
  memory.set(DRAFT, field.value);
}, 1000);

// How far a take is, for those who look at another page meanwhile.
let titled = "";
setInterval(() => {
  const percent = document.querySelector("#status [aria-valuenow]")?.getAttribute("aria-valuenow") ?? "100";
  if (!titled) titled = document.title;
  document.title = percent === "100" ? titled : `${percent} % \u00b7 ${titled}`;
}, 1000);

// The words are Korean or English; Gradio writes down the browser's language, whatever it is, and aloud they would be read
// as that.
const root = document.documentElement;
const speak = () => {
  const spoken = root.lang.startsWith("ko") ? "ko" : "en";
  if (root.lang !== spoken) root.lang = spoken;
};
new MutationObserver(speak).observe(root, { attributes: true, attributeFilter: ["lang"] });
speak();
