// Sends forms without leaving the page, draws what happens, replays it.
// Without JavaScript the forms work too: the page is then shown again.

import { listen } from "./done.js";

const answer = document.getElementById("answer");
const picture = document.getElementById("picture");
const left = document.getElementById("left");
const replay = document.getElementById("replay");
const caption = document.getElementById("step");
const excerpt = document.getElementById("excerpt");
let steps = JSON.parse(document.getElementById("steps").textContent);
let timer = 0;

for (const form of document.querySelectorAll("form[data-send]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    const slow = setTimeout(() => {
      answer.textContent = "Waiting for the answer …";
    }, 500);
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { "X-Fragment": "yes" },
      });
      answer.innerHTML = await response.text();
    } catch {
      answer.textContent = "The course does not answer: is it still running?";
    } finally {
      clearTimeout(slow);
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  });
}

for (const form of document.querySelectorAll("form[data-wait]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button");
    button.textContent = form.dataset.wait;
    button.disabled = true;
  });
}

const lines = ([first, last]) =>
  Array.from({ length: last - first + 1 }, (_, n) =>
    document.getElementById(`L${first + n}`),
  ).filter(Boolean);

// Light a function in the whole code, and show it below the picture: nothing
// is scrolled.
function light(step) {
  for (const row of document.querySelectorAll("#code tr.lit")) {
    row.classList.remove("lit");
  }
  const rows = step.lines ? lines(step.lines) : [];
  rows.forEach((row) => row.classList.add("lit"));
  const copies = rows.map((row) => row.cloneNode(true));
  copies.forEach((row) => row.removeAttribute("id"));
  excerpt.firstElementChild.replaceChildren(...copies);
  excerpt.classList.toggle("blank", !rows.length);
}

function show(number) {
  const step = steps[number];
  caption.textContent = `${number + 1} of ${steps.length}: ${step.text}`;
  light(step);
}

function play(pause) {
  clearInterval(timer);
  let number = 0;
  const next = () => {
    if (number === steps.length) {
      clearInterval(timer);
      return;
    }
    show(number);
    // It only grows meanwhile, so that what is below it stands still.
    excerpt.style.minHeight = `${excerpt.offsetHeight}px`;
    number += 1;
  };
  next();
  timer = setInterval(next, pause);
}

function offerReplay() {
  replay.hidden = steps.length === 0;
  excerpt.style.minHeight = "";
  if (steps.length) show(steps.length - 1); // what began or ended just now
}

replay.querySelector("button").addEventListener("click", () => play(900));
offerReplay();

let shown = JSON.stringify(steps);
listen(document.querySelector("[data-events]").dataset.events, (news) => {
  picture.innerHTML = news.picture;
  left.innerHTML = news.left;
  if (JSON.stringify(news.steps) !== shown) {
    shown = JSON.stringify(news.steps);
    steps = news.steps;
    clearInterval(timer);
    offerReplay();
  }
});
