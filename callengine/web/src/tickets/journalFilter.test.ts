import { expect, test } from "vitest";
import { asked, fromKept, fromUrl, kept, moved, same, toUrl, USUAL } from "./journalFilter";

const url = (text: string) => fromUrl(new URLSearchParams(text));

test("an empty address is the open tickets by danger", () => {
  expect(url("")).toEqual({ status: "open" });
  expect(asked(url(""))).toEqual({ status: "open", sort: "danger" });
});

test("every status is asked for with no status", () => {
  expect(asked(url("status=all&q=мира"))).toEqual({ q: "мира", sort: "danger" });
});

test("a filter goes to the address bar and back", () => {
  for (const filter of [{ status: "open" }, { status: "all", q: "мира 44" }, { overdue: "true" }, { status: "closed", mark: "1,2", sort: "newest" }, { status: "open", accident: "true", house_id: "7" }]) expect(fromUrl(new URL(toUrl(filter), "http://x").searchParams)).toEqual(filter);
});

test("a filter is kept and brought back", () => {
  for (const filter of [{ status: "open", district: "Центр" }, { status: "all", q: "лифт" }, { unassigned: "true" }]) expect(fromKept(kept(filter))).toEqual(filter);
});

test("a link of an older page names its house", () => {
  expect(url("house=7&name=Мира")).toEqual({ house_id: "7", status: "open" });
});

test("the order does not make another filter", () => {
  expect(same({ status: "open", sort: "due" }, { status: "open" })).toBe(true);
  expect(same({ status: "open" }, { status: "all" })).toBe(false);
});

test("a column moves by a place, and the number stays first", () => {
  expect(moved(USUAL, "where", -1).slice(0, 3)).toEqual(["number", "where", "what"]);
  expect(moved(USUAL, "what", -1)).toEqual(USUAL);
  expect(moved(USUAL, "number", 1)).toEqual(USUAL);
  expect(moved(USUAL, "due", 1)).toEqual(USUAL);
});
