import { expect, it } from "vitest";
import { flatOf } from "./address";

it("reads the flat behind the house, however it is written", () => {
  expect(flatOf("Мира 12 кв 9")).toBe("9");
  expect(flatOf("ул. Мира, д. 12, кв. 9а")).toBe("9а");
  expect(flatOf("мира 12-9")).toBe("9");
  expect(flatOf("мира 12 9")).toBe("9");
  expect(flatOf("Мира 12 корп 2 кв.17")).toBe("17");
  expect(flatOf("Мира 12 flat 9")).toBe("9");
  expect(flatOf("Мира 12 оф. 3")).toBe("3");
});

it("takes no house, block, entrance or floor for a flat", () => {
  for (const typed of ["Мира 12", "8 Марта 12", "1-я Парковая 12", "Мира 12 к 2", "Мира 12 стр 1", "Мира 12 под 3", "Мира 12 3 подъезд", "квартальная 5", "12 9", ""]) expect(flatOf(typed), typed).toBe("");
});
