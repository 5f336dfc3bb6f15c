// The four levels of support, and interim answers, in figures.

export const supportRu = {
  button: "Уровни поддержки", title: "Уровни поддержки за период", level: "Уровень", registered: "Принято", open: "Открыто", closed: "Закрыто",
  of: { "1": "1 — оператор: ответ в разговоре", "2": "2 — диспетчер, старшая смены", "3": "3 — организация", "4": "4 — орган власти, инспекция" }, short: { "1": "1 оператор", "2": "2 диспетчер", "3": "3 организация", "4": "4 власть" },
  is: "Уровень поддержки: {{level}}", any: "Любой уровень", first: "решено на первой линии: {{first}} из {{closed}} закрытых",
  interim: "Промежуточные ответы", given: "дано {{count}}", kept: "сделано к обещанному сроку {{count}}", passed: "срок прошёл, не сделано {{count}}", waiting: "срок впереди {{count}}", due: "Требовались по правилам: {{due}}, не даны вовремя: {{missed}}",
  lead: "Заявки, принятые за период, на том уровне, где они сейчас. Уровень следует из статуса и ответственного.",
};

export const supportEn: typeof supportRu = {
  button: "Levels of support", title: "Levels of support in a period", level: "Level", registered: "Registered", open: "Open", closed: "Closed",
  of: { "1": "1 — operator: answered in the call", "2": "2 — dispatcher, supervisor", "3": "3 — organisation", "4": "4 — authority, inspectorate" }, short: { "1": "1 operator", "2": "2 dispatcher", "3": "3 organisation", "4": "4 authority" },
  is: "Level of support: {{level}}", any: "Any level", first: "settled on the first line: {{first}} of {{closed}} closed",
  interim: "Interim answers", given: "given {{count}}", kept: "done by the promised date {{count}}", passed: "date passed, not done {{count}}", waiting: "date to come {{count}}", due: "Wanted by the rules: {{due}}, not given in time: {{missed}}",
  lead: "Tickets registered in the period, at the level where they are now. The level follows from the status and who answers.",
};
