// A slide that is higher than the screen gets smaller until it fits, and a
// short one larger, so that it can be read from the last row. Code never gets
// smaller than 16 pixels: course/reading/deck.py cuts the slides for that.
const SMALLEST = 0.77
const LARGEST = 2
const PADDING = 70 // above and below, in deck.css, and the last margin

function fit(slide, scale) {
  const inside = slide?.querySelector(".fit")
  if (!inside || inside.dataset.fitted) return
  const room = Reveal.getConfig().height
  const height = () => inside.getBoundingClientRect().height / scale
  const fits = () => {
    const wide = [...inside.querySelectorAll("pre, .picture, table")]
    return height() + PADDING <= room
      && wide.every(each => each.scrollWidth <= each.clientWidth + 1)
  }
  let zoom = 1
  const set = value => {
    inside.style.zoom = zoom = value
    inside.style.setProperty("--zoom", zoom)
  }
  while (!fits() && zoom > SMALLEST) set(Math.max(SMALLEST, zoom - 0.03))
  while (zoom >= 1 && zoom < LARGEST && fits() && height() < room * 0.6) {
    set(zoom + 0.1)
    if (!fits()) { set(zoom - 0.1); break }
  }
  inside.dataset.fitted = zoom
}

function fitCurrent() {
  fit(Reveal.getCurrentSlide(), Reveal.getScale())
}

Reveal.initialize({
  width: 1280,
  height: 720,
  margin: 0,
  center: false,
  hash: true,
  slideNumber: "c/t",
  controlsTutorial: false,
  transition: "none",
  pdfSeparateFragments: false,
  pdfMaxPagesPerSlide: 1,
  plugins: [RevealNotes],
})
Reveal.on("ready", fitCurrent)
Reveal.on("slidechanged", fitCurrent)
Reveal.on("pdf-ready", () => Reveal.getSlides().forEach(slide => fit(slide, 1)))
