// The live line: resumes by sequence number, says when it was cut, and asks for a refetch when too much was missed.

import { Store } from "@/lib/store";

export interface LiveMessage {
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

const FIRST_WAIT = 300;
const LONGEST_WAIT = 10_000;

class Live {
  readonly link = new Store<Link>({ state: "connecting", since: Date.now() });
  private readonly listeners = new Map<string, Set<Listener>>();
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
    this.tell(message);
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
