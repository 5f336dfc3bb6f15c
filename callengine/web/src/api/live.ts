// The live line: resumes by sequence number, says when it was cut, and asks for a refetch when too much was missed.
// What somebody shows at once (`first`) is painted before anything else is done with this message or the next ones.

import { afterPaint } from "@/lib/paint";
import { Store } from "@/lib/store";

interface LiveMessage {
  seq: number;
  type: string;
  at?: string;
  data?: unknown;
}

export interface Link {
  state: "connecting" | "up" | "lost";
  since: number;
}

type Listener = (data: never, message: LiveMessage) => void;
type First = (data: never) => (() => void) | undefined;

const FIRST_WAIT = 300;
const LONGEST_WAIT = 10_000;

class Live {
  readonly link = new Store<Link>({ state: "connecting", since: Date.now() });
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly firsts = new Map<string, First>();
  private readonly waiting: LiveMessage[] = [];
  private painting: object | null = null;
  private socket: WebSocket | null = null;
  private seq: number | null = null;
  private wait = FIRST_WAIT;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wanted = false;

  /** `reset` is told as a type too: everything that was fetched may be stale. */
  on<T>(type: string, listener: (data: T, message: LiveMessage) => void): () => void {
    const set = this.listeners.get(type) ?? new Set<Listener>();
    this.listeners.set(type, set.add(listener as Listener));
    return () => void set.delete(listener as Listener);
  }

  /**
   * `show` is asked before all listeners. When it has written something to the screen it gives back what is to be done
   * once the listeners have heard the message too; they hear it, and all that comes after it, when the screen is painted.
   */
  first<T>(type: string, show: (data: T) => (() => void) | undefined): () => void {
    this.firsts.set(type, show as First);
    return () => void (this.firsts.get(type) === show && this.firsts.delete(type));
  }

  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.open();
  }

  stop(): void {
    this.wanted = false;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
    this.seq = null;
    this.painting = null;
    this.waiting.length = 0;
    this.link.set({ state: "connecting", since: Date.now() });
  }

  private open(): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const after = this.seq === null ? "" : `?after=${this.seq}`;
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/live${after}`);
    this.socket = socket;
    socket.onmessage = (e: MessageEvent<string>) => this.take(JSON.parse(e.data) as LiveMessage);
    socket.onclose = () => {
      if (this.socket === socket && this.wanted) this.again();
    };
  }

  private take(message: LiveMessage): void {
    if (message.type === "hello" || message.type === "reset") {
      const first = this.seq === null;
      this.wait = FIRST_WAIT;
      this.link.set({ state: "up", since: Date.now() });
      // What happened between the first fetches and this line is not replayed: fetch once more.
      // A number below ours means that the engine began to count anew.
      if (message.type === "reset" || first || message.seq < (this.seq ?? 0)) {
        this.seq = message.seq;
        this.tell({ ...message, type: "reset" });
      }
      return;
    }
    if (this.seq !== null && message.seq <= this.seq) return;
    this.seq = message.seq;
    if (this.painting) this.waiting.push(message);
    else this.pass(message);
  }

  private pass(message: LiveMessage): void {
    const shown = this.firsts.get(message.type)?.(message.data as never);
    if (!shown) return this.tell(message);
    const painting = (this.painting = {});
    afterPaint(() => {
      if (this.painting !== painting) return shown(); // the line was stopped
      this.painting = null;
      try {
        this.tell(message);
      } finally {
        shown();
        while (this.waiting.length > 0 && !this.painting) this.pass(this.waiting.shift()!);
      }
    });
  }

  private tell(message: LiveMessage): void {
    this.listeners.get(message.type)?.forEach((l) => l(message.data as never, message));
  }

  private again(): void {
    this.link.set((old) => (old.state === "lost" ? old : { state: "lost", since: Date.now() }));
    this.timer = setTimeout(() => this.open(), this.wait * (0.5 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }
}

export const live = new Live();
