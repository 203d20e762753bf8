// A slide that is higher than the screen gets smaller until it fits; one
// that would become too small to read can be scrolled.
const SMALLEST = 0.6

function fit() {
  const slide = Reveal.getCurrentSlide()
  const inside = slide?.querySelector(".fit")
  if (!inside || inside.dataset.fitted) return
  const room = Reveal.getConfig().height
  for (let zoom = 1; zoom >= SMALLEST; zoom -= 0.05) {
    inside.style.zoom = zoom
    if (slide.scrollHeight <= room) break
  }
  inside.dataset.fitted = inside.style.zoom
}

Reveal.initialize({
  width: 1280,
  height: 760,
  margin: 0.03,
  center: false,
  hash: true,
  slideNumber: "c/t",
  controlsTutorial: false,
  transition: "none",
  plugins: [RevealNotes],
}).then(fit)
Reveal.on("slidechanged", fit)
