import { expect, it } from "vitest";
import { common, keysOf, NODE, pictureOf } from "./layout";

const nodes = ["hello", "mark", "sorry", "bye", "operator"].map((id) => ({ id, kind: ["bye", "operator"].includes(id) ? "end" : "key", start: id === "hello" }));
const edges = [
  { from: "hello", to: "mark", key: "1" }, { from: "hello", to: "sorry", key: "2" }, { from: "hello", to: "operator", key: "0" }, { from: "hello", to: "bye", key: "silent" },
  ...["1", "2", "3"].map((key) => ({ from: "mark", to: "bye", key })), { from: "mark", to: "operator", key: "0" }, { from: "mark", to: "hello", key: "6" }, { from: "sorry", to: "bye", key: "" },
];

it("puts steps below those that lead to them, and none upon another", () => {
  const { spots, lines } = pictureOf(nodes, edges);
  expect(spots.get("hello")!.y).toBeLessThan(spots.get("mark")!.y);
  expect(spots.get("mark")!.y).toBeLessThan(spots.get("bye")!.y);
  const placed = [...spots].filter(([id]) => !id.startsWith("~")).map(([, s]) => s);
  for (const a of placed) for (const b of placed) expect(a === b || Math.abs(a.x - b.x) >= NODE.w || Math.abs(a.y - b.y) >= NODE.h).toBe(true);
  expect(lines.find((l) => l.from === "mark" && l.to === "bye")!.keys).toEqual(["1", "2", "3"]);
  expect(lines.some((l) => l.to === "operator")).toBe(false);
});

it("knows the keys that mean the same everywhere", () => expect([...common(nodes, edges)]).toEqual(["operator"]));

it("writes keys as people do", () => expect(["12345", "26", "1358", "7"].map((k) => keysOf([...k]))).toEqual(["1–5", "2, 6", "1, 3, 5, 8", "7"]));
