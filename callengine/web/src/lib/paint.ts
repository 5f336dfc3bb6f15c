// After the paint: what may wait does not keep the screen from showing what may not.

/** A hidden page paints nothing, and a stuck one late: so long in milliseconds is waited at most. */
const LONGEST = 100;

/** Runs `work` once, when the frame with what was just written has been made. */
export function afterPaint(work: () => void): void {
  let done = false;
  const run = () => {
    if (done) return;
    done = true;
    clearTimeout(timer);
    work();
  };
  const timer = setTimeout(run, LONGEST);
  if (document.visibilityState === "hidden") return void queueMicrotask(run);
  requestAnimationFrame(() => {
    // A task posted by the frame's callback runs after the frame's own style, layout and paint; the timer lets go first
    // what else waits for just that.
    const after = new MessageChannel();
    after.port1.onmessage = () => {
      after.port1.close();
      setTimeout(run);
    };
    after.port2.postMessage(0);
  });
}
