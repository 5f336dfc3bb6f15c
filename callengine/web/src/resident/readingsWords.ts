// What a resident reads of his meters.

export const handinRu = {
  title: "Показания за {{month}}", closed: "Показания принимают с {{first}} по {{last}} число месяца.", before: "В прошлый раз: {{value}}, {{time}}", first: "Прошлых показаний нет.", kept: "Передано: {{value}}, {{time}}", looked: "Это намного больше обычного: диспетчер проверит.",
  value: "Показание: {{name}}", next: "Дальше", change: "Исправить", back: "Проверьте показание", read: "Вы передаёте {{value}}.", since: "С прошлого раза: {{value}}.", doubted: "Это намного больше обычного. Посмотрите на счётчик ещё раз и введите число снова.", send: "Передать", fix: "Исправить число",
  number: "Это не похоже на показание: цифры и, если есть, до трёх знаков после запятой", low: "Меньше прошлого показания: {{lowest}}", high: "Такого на этом счётчике не бывает: не больше {{highest}}", differ: "Числа не совпали: проверьте счётчик",
  kinds: { cold_water: "Холодная вода", hot_water: "Горячая вода", heat: "Отопление", gas: "Газ", electricity: "Электричество", electricity_day: "Электричество, день", electricity_night: "Электричество, ночь" },
};

export const handinEn: typeof handinRu = {
  title: "Readings for {{month}}", closed: "Readings are taken from day {{first}} to day {{last}} of a month.", before: "Last time: {{value}}, {{time}}", first: "There are no earlier readings.", kept: "Handed in: {{value}}, {{time}}", looked: "This is far more than usual: the dispatcher will look at it.",
  value: "Reading: {{name}}", next: "Next", change: "Correct it", back: "Check the reading", read: "You hand in {{value}}.", since: "Since last time: {{value}}.", doubted: "This is far more than usual. Look at the meter once more and type the number again.", send: "Hand it in", fix: "Change the number",
  number: "This is no reading: digits, and at most three after the comma", low: "Below the last reading: {{lowest}}", high: "This meter cannot show so much: at most {{highest}}", differ: "The numbers differ: look at the meter",
  kinds: { cold_water: "Cold water", hot_water: "Hot water", heat: "Heating", gas: "Gas", electricity: "Electricity", electricity_day: "Electricity, day", electricity_night: "Electricity, night" },
};
