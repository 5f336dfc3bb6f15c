import { expect, it } from "vitest";
import { dialogueOf, keptOf, moved, numbersIn, questionsOf, scriptOf, TO_END, unwritten, without, wrongWays, type Phrases, type Question } from "./survey";
import { begin, press } from "./play";
import { waysOf } from "./shapes";

const say: Phrases = { begin: "Press one.", thanks: "Thanks.", bye: "Bye.", operator: "Hold.", sorry: "Sorry.", never: "Never.", wrong: "No.", press: (label, key) => `${label}: ${key}.` };

it("leads from each answer to the next question, to the one that was named, or to the end", () => {
  const questions = [{ text: "Clean?", answers: [{ label: "yes", to: TO_END }, { label: "no", to: "" }] }, { text: "What?", answers: [{ label: "lift", to: "1" }] }];
  const steps = dialogueOf("en", "House", "Hello.", questions, say).steps as Record<string, { say: Record<string, string>; keys: Record<string, { next: string }> }>;
  expect(steps.q1!.say).toEqual({ en: "Clean? yes: 1. no: 2." });
  expect([steps.hello!.keys["1"]!.next, steps.q1!.keys["1"]!.next, steps.q1!.keys["2"]!.next, steps.q2!.keys["1"]!.next, steps.q2!.keys["0"]!.next]).toEqual(["q1", "bye", "q2", "q1", "operator"]);
});

it("takes a question out, and the ways of the others lead where they led", () => {
  const to = (...ways: string[]): Question => ({ text: "?", answers: ways.map((way) => ({ label: "x", to: way })) });
  const questions = [to("2", "3", TO_END), to(""), to("4"), to("")];
  expect(without(questions, 1).map((q) => q.answers.map((a) => a.to))).toEqual([["", "2", TO_END], ["3"], [""]]);
});

const ways = (...to: string[]): Question => ({ text: to.join(), answers: to.map((way) => ({ label: "x", to: way })) });

it("moves a question, and the ways lead to the questions that they led to", () => {
  const questions = [ways("2", "3"), ways(""), ways(TO_END)];
  expect(moved(questions, 2, 1).map((q) => [q.text, ...q.answers.map((a) => a.to)])).toEqual([["2,3", "3", "2"], ["end", TO_END], ["", ""]]);
  expect(moved(questions, 0, -1)).toBe(questions);
  expect(moved(moved(questions, 0, 2), 2, 0)).toEqual(questions);
});

it("finds what the engine refuses: a question that nothing leads to, a way that comes back", () => {
  expect(wrongWays([ways("2", TO_END), ways("")])).toEqual([]);
  expect(wrongWays([ways("3"), ways(""), ways("")])).toEqual([{ n: 2, what: "unreached" }]);
  expect(wrongWays([ways(""), ways("1", "")])).toEqual([{ n: 1, key: 1, what: "loop" }, { n: 2, key: 1, what: "loop" }]);
});

it("is walked by keys before the engine has seen it", () => {
  const script = scriptOf(dialogueOf("en", "House", "Hello.", [ways(TO_END, ""), ways("")], say));
  const dialogue = { nodes: script.nodes, edges: waysOf(script) };
  const walk = ["1", "2", "1"].reduce((at, key) => press(dialogue, at, key), begin(dialogue));
  expect([walk.at, walk.over]).toEqual(["bye", true]);
  expect(press(dialogue, press(dialogue, begin(dialogue), "1"), "1").at).toBe("bye");
});

it("is kept and read back as it was written", () => {
  const questions = [ways(TO_END, "2"), ways("")];
  expect(questionsOf(keptOf(questions))).toEqual(questions);
});

it("names what is not written yet", () => {
  expect(unwritten([{ text: "Clean?", answers: [{ label: "yes", to: "" }, { label: " ", to: "" }] }, { text: "", answers: [{ label: "no", to: "" }] }])).toEqual([{ n: 1, key: 2 }, { n: 2 }]);
});

it("finds numbers in a paste and in a file of columns, once each, and names the rest", () => {
  expect(numbersIn('Имя;Телефон\nАнна;"+7 907 412-18-06"\n89074121807, 89074121808\n+79074121806\n')).toEqual({ numbers: ["+79074121806", "89074121807", "89074121808"], strange: ["Имя;Телефон"] });
});
