// Numbers as people say them.

const PLUS_SEVEN = /^\+7(\d{3})(\d{3})(\d{2})(\d{2})$/;

export function phone(value: string): string {
  const seven = PLUS_SEVEN.exec(value);
  if (seven) return `+7 ${seven[1]} ${seven[2]}-${seven[3]}-${seven[4]}`;
  return value;
}

/** "Кузнецова Изольда Марковна" -> "Кузнецова И. М." */
export function shortName(name: string): string {
  const [family, ...rest] = name.trim().split(/\s+/);
  return [family, ...rest.map((r) => (r.length > 2 ? r[0] + "." : r))].join(" ");
}

export function initials(name: string): string {
  return name.trim().split(/\s+/).slice(0, 2).map((w) => w[0] ?? "").join("").toUpperCase();
}
