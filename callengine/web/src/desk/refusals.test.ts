import { expect, it } from "vitest";
import { refusals } from "./refusals";

it("puts each refusal at its part of the form", () => {
  const errors = [{ pointer: "#/house_id", detail: "нет дома" }, { pointer: "#/answers/2/answer", detail: "число" }, { pointer: "/answers", detail: "ещё" }, { pointer: "#/applicant/number", detail: "длинный" }];
  expect(refusals({ errors })).toEqual({ where: "нет дома", ask: "число; ещё", who: "длинный" });
});

it("leaves what has no place to the whole form", () => {
  expect(refusals({ errors: [{ pointer: "#/cabinet", detail: "нельзя" }] })).toEqual({ whole: "нельзя" });
  expect(refusals({ errors: [{ detail: "всё" }] })).toEqual({ whole: "всё" });
  expect(refusals({})).toEqual({});
});
