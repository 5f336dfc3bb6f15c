// Peaks as the engine stores them -> bars for the two sides of a conversation. Pure.

/** Two channels, each 0..1. Takes [caller[], operator[]] as well as [[caller, operator], …]. */
export function channels(peaks: number[][]): [number[], number[]] {
  const byChannel = peaks.length <= 2 && (peaks[0]?.length ?? 0) > 2;
  const first = byChannel ? (peaks[0] ?? []) : peaks.map((p) => p[0] ?? 0);
  const second = byChannel ? (peaks[1] ?? []) : peaks.map((p) => p[1] ?? 0);
  const top = Math.max(1, ...first.map(Math.abs), ...second.map(Math.abs));
  return [first.map((v) => Math.abs(v) / top), second.map((v) => Math.abs(v) / top)];
}

/** The loudest of each stretch, so that a long recording fits a narrow box. */
export function fit(values: number[], bars: number): number[] {
  if (values.length <= bars) return values;
  return Array.from({ length: bars }, (_, i) => {
    const from = Math.floor((i * values.length) / bars);
    const to = Math.max(from + 1, Math.floor(((i + 1) * values.length) / bars));
    return Math.max(...values.slice(from, to));
  });
}
