import { expect, it } from "vitest";
import { begin, press, spoken, type Dialogue } from "./play";

const dialogue: Dialogue = {
  nodes: [["hello", "key"], ["warm", "digits"], ["thanks", "say"], ["comment", "record"], ["bye", "end"], ["operator", "end"]].map(([id, kind], i) => ({ id: id!, kind: kind!, start: i === 0 })),
  edges: [
    { from: "hello", to: "warm", key: "1" }, { from: "hello", to: "operator", key: "0" }, { from: "hello", to: "bye", key: "silent" },
    { from: "warm", to: "thanks", key: "" }, { from: "thanks", to: "comment", key: "" }, { from: "comment", to: "bye", key: "" },
  ],
};
const walked = (keys: string[]) => keys.reduce((walk, key) => press(dialogue, walk, key), begin(dialogue));

it("says a step, waits for its key and goes where it leads", () => {
  expect(begin(dialogue)).toMatchObject({ at: "hello", over: false, said: [{ step: "hello" }] });
  expect(walked(["0"])).toMatchObject({ at: "operator", over: true });
});

it("takes a number by its hash and says what follows by itself", () => {
  const walk = walked(["1", "2", "1", "#"]);
  expect(walk).toMatchObject({ at: "comment", over: false });
  expect(walk.said).toEqual([{ step: "hello" }, { pressed: "1" }, { step: "warm" }, { pressed: "21#" }, { step: "thanks" }, { step: "comment" }]);
  expect(press(dialogue, walk, "#")).toMatchObject({ at: "bye", over: true });
});

it("asks again after a wrong key, and goes the way of silence after the third", () => {
  expect(walked(["7"])).toMatchObject({ at: "hello", wrong: 1 });
  expect(walked(["7", "7", "7"])).toMatchObject({ at: "bye", over: true });
  expect(walked(["*"]).said.at(-1)).toEqual({ step: "hello" });
  expect(walked(["1", "silent"])).toMatchObject({ at: "warm", over: true });
});

it("speaks a text without what it does not know", () => expect(spoken("Robot[ of {service}][: well]. Your mark is {entered}.", "4")).toBe("Robot: well. Your mark is 4."));
