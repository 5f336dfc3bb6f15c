// The flat out of an address as one types it: «Мира 12 кв 9», «Мира 12-9», «Мира 12 9». Pure; the engine reads the house alike.

const FLAT = /(?<![\p{L}\p{N}_])(?:квартира|кв|офис|оф|помещение|пом|flat|apt)(?![\p{L}_])\.?\s*№?\s*(\d+\s?[а-я]?)(?![\p{L}\p{N}_])/u;
const ASIDES = [/(?<![\p{L}\p{N}_])(?:подъезд|подьезд|под|пд|п|этаж|эт)\.?\s*\d+(?![\p{L}\p{N}_])/gu, /\d+\s*(?:-?й\s*)?(?:подъезд|подьезд|этаж)(?![\p{L}_])/gu];
const BLOCK = /(\d+[а-я]?)\s*,?\s*(?:корпус|корп|кор|к|строение|стр)\.?\s*(\d+)(?![\p{L}\p{N}_])/gu;
const HOUSE_FLAT = /(?<![\p{L}\p{N}_])\d+[а-я]?\s*-\s*(\d+)(?![\p{L}\p{N}_])/u;

interface Placed { house: { address: string } | null; premise: string; place?: string }

/** Where a ticket is: the address with the flat, or the place in words where there is no house. */
export function placeOf(x: Placed, t: (key: string, values: Record<string, unknown>) => string): string {
  if (!x.house) return x.place ?? "";
  return [x.house.address, x.premise && t("common.flat", { flat: x.premise })].filter(Boolean).join(", ");
}

/** The flat that was typed behind the house, "" when there is none. */
export function flatOf(typed: string): string {
  let text = typed.normalize("NFKC").toLowerCase().replaceAll("ё", "е");
  const named = FLAT.exec(text);
  if (named) return named[1]!.replace(/\s/g, "");
  for (const aside of ASIDES) text = text.replace(aside, " ");
  const dashed = HOUSE_FLAT.exec(text);
  if (dashed) return dashed[1]!;
  const words = text.replace(BLOCK, "$1к$2").split(/[\s,]+/).filter(Boolean);
  const [house, flat] = words.slice(-2);
  return words.length >= 3 && /^\d+$/.test(flat!) && /^\d/.test(house!) ? flat! : "";
}
