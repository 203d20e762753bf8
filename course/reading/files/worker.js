// A page from disk may start no worker, and the search is one: there, a frame
// that nobody sees runs the worker's script instead.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.waiting = []
      const frame = document.createElement("iframe")
      frame.hidden = true
      frame.srcdoc = `<script>
        self.postMessage = data => parent.postMessage(data, "*")
        self.importScripts = (...files) => {
          for (const file of files) document.write('<script src="' + file + '"><\\/script>')
        }
      <\/script><script src="${url}"><\/script>`
      frame.addEventListener("load", () => {
        this.frame = frame.contentWindow
        for (const data of this.waiting.splice(0)) this.postMessage(data)
      })
      addEventListener("message", ({ source, data }) => {
        if (source !== frame.contentWindow) return
        const event = new MessageEvent("message", { data })
        this.dispatchEvent(event)
        this.onmessage?.(event)
      })
      document.documentElement.append(frame)
    }

    postMessage(data) {
      if (!this.frame) return void this.waiting.push(data)
      const event = new this.frame.MessageEvent("message", { data })
      this.frame.dispatchEvent(event)
    }

    terminate() {}
  }
}
