// Marks the exercises that are done, as soon as they are.

// Follow the server's events; a hidden tab needs none of the few connections
// that a browser opens to one server.
export function listen(address, told) {
  let source;
  const follow = () => {
    source?.close();
    source = document.hidden ? undefined : new EventSource(address);
    if (source) source.onmessage = (event) => told(JSON.parse(event.data));
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}

const marked = document.querySelectorAll("[data-exercise]");
const count = document.getElementById("count");

if (marked.length) {
  listen("/progress", (done) => {
    for (const mark of marked) {
      mark.classList.toggle("done", done.includes(mark.dataset.exercise));
    }
    if (count) count.textContent = done.length;
  });
}
