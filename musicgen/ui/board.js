// The board of a pattern: shows it step by step, plays the steps, and lights what a code sees once it is tapped.
// component.js is put before this.
let timer = null, asked = null;  // asked: [frame, codebook] of the tapped code
const range = () => find(".board input");
const name = () => {
  const play = find(".play");
  if (play) play.textContent = say(timer ? "Pause" : "Play");
};
const stop = () => { clearInterval(timer); timer = null; name(); };
const mark = (step, told, live) => {
  const output = find(".board output");
  output.setAttribute("aria-live", live ? "polite" : "off");
  output.textContent = told;
  for (const cell of element.querySelectorAll(".board [data-step]")) {
    const own = Number(cell.dataset.step);
    cell.classList.toggle("ahead", own > step);
    cell.classList.toggle("now", own === step);
    cell.classList.toggle("asked", asked !== null && cell.dataset.code === asked.join());
  }
  element.querySelector(".board").classList.toggle("looking", asked !== null);
  const now = find(".steps .now"), frame = find(".steps");
  if (now) {
    const cell = now.getBoundingClientRect(), seen = frame.getBoundingClientRect();
    if (cell.right > seen.right || cell.left < seen.left) frame.scrollLeft += cell.left - seen.left - seen.width / 3;
  }
};
const show = (step) => {
  const board = find(".board");
  if (!board) return;
  asked = null;
  range().value = step;
  range().ariaLabel = say("Step of the pattern");
  mark(step, JSON.parse(board.dataset.says)[step], !timer);  // while it plays, nothing is read out
};
const look = (frame, codebook) => {
  const sees = JSON.parse(find(".board").dataset.sees);
  const t = Math.min(Math.max(frame, 0), sees.length - 1), k = Math.min(Math.max(codebook, 0), sees[0].length - 1);
  asked = [t, k];
  const step = Number(find(`.codes [data-code="${t},${k}"]`).dataset.step);
  range().value = step;
  mark(step, sees[t][k], true);
};
element.addEventListener("input", (event) => {
  if (event.target.matches(".board input")) { stop(); show(Number(event.target.value)); }
});
element.addEventListener("click", (event) => {
  const code = event.target.closest("[data-code]");
  if (code) { stop(); return look(...code.dataset.code.split(",").map(Number)); }
  if (!event.target.closest(".play")) return;
  if (timer) return stop();
  const last = () => Number(range().max);
  show(Number(range().value) >= last() ? 0 : Number(range().value) + 1);
  timer = setInterval(() => {
    if (!range() || Number(range().value) >= last()) return stop();
    show(Number(range().value) + 1);
  }, 450);
  name();
});
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
element.addEventListener("keydown", (event) => {
  const move = MOVES[event.key];
  if (!move || !event.target.matches(".codes")) return;
  event.preventDefault();
  stop();
  look(...(asked ? [asked[0] + move[0], asked[1] + move[1]] : [0, 0]));
});
// Another pattern is another view of the code that was tapped.
watch("value", () => {
  stop();
  if (asked && find(".board")) look(...asked); else show(Number(range()?.value ?? 0));
});
stop();
show(Number(range()?.value ?? 0));
