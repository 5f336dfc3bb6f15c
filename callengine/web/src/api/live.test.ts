import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { live } from "./live";

let line: { onmessage: (e: { data: string }) => void; close: () => void };
let frames: (() => void)[];
let seq = 0;
const page = { visibilityState: "visible" };

const hear = (type: string, data: unknown = {}) => line.onmessage({ data: JSON.stringify({ seq: ++seq, type, data }) });
const paint = () => frames.splice(0).forEach((frame) => frame());

describe("what is shown first", () => {
  let heard: string[];
  const offs: (() => void)[] = [];

  beforeEach(() => {
    frames = [];
    heard = [];
    page.visibilityState = "visible";
    vi.stubGlobal("location", { protocol: "http:", host: "here" });
    vi.stubGlobal("document", page);
    vi.stubGlobal("requestAnimationFrame", (frame: () => void) => frames.push(frame));
    vi.stubGlobal("WebSocket", class { constructor() { line = this as never; } close() {} });
    live.start();
    hear("hello");
    offs.push(
      live.on<{ n: number }>("call", ({ n }) => void heard.push(`call ${n}`)),
      live.on("board", () => void heard.push("board")),
      live.first<{ n: number; mine?: boolean }>("call", ({ n, mine }) => {
        if (!mine) return undefined;
        heard.push(`shown ${n}`);
        return () => void heard.push(`done ${n}`);
      }),
    );
  });

  afterEach(() => {
    offs.splice(0).forEach((off) => off());
    live.stop();
    vi.unstubAllGlobals();
  });

  it("is painted before anybody else hears of it", async () => {
    hear("call", { n: 1, mine: true });
    expect(heard).toEqual(["shown 1"]);
    paint();
    await vi.waitFor(() => expect(heard).toEqual(["shown 1", "call 1", "done 1"]));
  });

  it("keeps what comes meanwhile, in its order", async () => {
    hear("call", { n: 1, mine: true });
    hear("call", { n: 2 });
    hear("call", { n: 3, mine: true });
    hear("board");
    expect(heard).toEqual(["shown 1"]);
    paint();
    await vi.waitFor(() => expect(heard).toEqual(["shown 1", "call 1", "done 1", "call 2", "shown 3"]));
    paint();
    await vi.waitFor(() => expect(heard.slice(5)).toEqual(["call 3", "done 3", "board"]));
  });

  it("holds nothing up when it shows nothing", () => {
    hear("call", { n: 1 });
    hear("board");
    expect(heard).toEqual(["call 1", "board"]);
  });

  it("waits for no paint on a hidden page", async () => {
    page.visibilityState = "hidden";
    hear("call", { n: 1, mine: true });
    await Promise.resolve();
    expect(heard).toEqual(["shown 1", "call 1", "done 1"]);
  });

  it("waits for a frame that does not come a tenth of a second and no longer", () => {
    vi.useFakeTimers();
    hear("call", { n: 1, mine: true });
    vi.advanceTimersByTime(99);
    expect(heard).toEqual(["shown 1"]);
    vi.advanceTimersByTime(1);
    expect(heard).toEqual(["shown 1", "call 1", "done 1"]);
    vi.useRealTimers();
  });

  it("is forgotten with the line", async () => {
    hear("call", { n: 1, mine: true });
    hear("board");
    live.stop();
    paint();
    await vi.waitFor(() => expect(heard).toEqual(["shown 1", "done 1"]));
  });
});
