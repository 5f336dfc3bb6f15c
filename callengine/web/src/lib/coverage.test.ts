import { describe, expect, it } from "vitest";
import { unseen } from "./coverage";

const at = (minute: number) => `2026-11-22T10:${String(minute).padStart(2, "0")}:00.000Z`;
const seen = (from: number, to: number | null, pbx = "main") => ({ pbx, began_at: at(from), ended_at: to === null ? null : at(to) });

describe("stretches in which a PBX was not seen", () => {
  it("lie between two intervals", () => {
    expect(unseen([seen(20, null), seen(0, 10)])).toEqual([{ pbx: "main", from: Date.parse(at(10)), to: Date.parse(at(20)) }]);
  });
  it("are none where the PBX's own records cover the cut", () => {
    expect(unseen([seen(0, 10), seen(10, 20), seen(20, null)])).toEqual([]);
    expect(unseen([seen(0, 10), seen(20, null), seen(9, 20)])).toEqual([]);
  });
  it("are told of each PBX by itself", () => {
    expect(unseen([seen(0, null), seen(0, 10, "second"), seen(12, null, "second")]).map((g) => g.pbx)).toEqual(["second"]);
  });
  it("are nothing before the first interval, and nothing while one goes on", () => {
    expect(unseen([seen(30, null)])).toEqual([]);
    expect(unseen([])).toEqual([]);
  });
});
