// Слова справочника: дома, люди, сотрудники, импорт, журнал чтений.

export const directoryRu = {
  title: "Дома и люди", tabs: "Что показать", tab: { houses: "Дома", people: "Люди", duplicates: "Двойники" },
  search: { houses: "Улица и дом, можно прежнее название", people: "Имя, номер, адрес и квартира" },
  found: "Найдено: {{count}}", none: "Ничего не нашлось", noneLead: { houses: "Проверьте улицу и номер или добавьте дом.", people: "Проверьте имя, номер или адрес или заведите карточку." },
  start: { houses: "Начните с улицы", people: "Начните с имени или номера" }, startLead: { houses: "Хватит начала слова: «чкал 17», «пр-т мира 44», «xrfkjdf 17».", people: "Подойдёт имя, кусок номера или адрес с квартирой: «мира 44 кв 61»." },
  former: "бывш. {{address}}", formerUntil: "{{address}}, до {{date}}", newHouse: "Новый дом", newPerson: "Новая карточка", choose: "Выберите слева", chooseLead: "Стрелки ведут по списку, Enter открывает, / — поиск.",
  edit: "Изменить", save: "Сохранить", saved: "Сохранено", add: "Добавить", undo: "Вернуть", remove: "Убрать: {{what}}",
  house: {
    street: "Улица", number: "Дом", district: "Район", floors: "Этажей", entrances: "Подъездов", features: "Оснащение", featuresHint: "через запятую: lift, gas, chute; none — ничего нет",
    floorsIs: "{{count}} эт.", entrancesIs: "подъездов: {{count}}", knownPeople: "жильцов: {{count}}", premisesIs: "помещений: {{count}}",
    open: "Открытые заявки", noOpen: "Открытых заявок нет", allTickets: "Все заявки дома", incidents: "Аварии и работы", noIncidents: "Открытых аварий нет", accident: "авария", planned: "плановые работы", promised: "обещали к {{time}}",
    residents: "Жильцы", show: "Показать жильцов", logged: "Просмотр записывается в журнал чтений.", noResidents: "Жильцов в справочнике нет", noResidentsLead: "Заведите карточку или импортируйте список.", withoutFlat: "без квартиры", more: "Показаны первые {{count}}.",
    premises: "Подъезды и помещения", noPremises: "Помещения не заведены", noPremisesLead: "Их можно внести здесь («Изменить») или импортом.", entrance: "Подъезд {{n}}", noEntrance: "Подъезд не указан", floor: "этаж {{n}}", kind: { flat: "квартира", office: "нежилое", common: "общее" },
    services: "Кто обслуживает", noServices: "Договоров на дом нет", noServicesLead: "Заявки останутся нераспределёнными.", contract: "договор {{code}}", everywhere: "все дома", branch: "раздел {{branch}}", until: "до {{date}}",
    title: "Дом", newTitle: "Новый дом", doors: "Помещения", door: "Помещение {{n}}", doorNumber: "Номер", doorKind: "Вид", doorEntrance: "Подъезд", doorFloor: "Этаж", addDoor: "Помещение", renameLead: "Прежнее название останется в поиске и на старых заявках.",
  },
  person: {
    numbers: "Номера", noNumbers: "Номеров нет", homes: "Адреса", noHomes: "Адрес не указан", tags: "Метки и заметки", noTags: "Меток нет", tag: "метка", note: "заметка", kind: "Вид", tagText: "Что знать об этом человеке", term: "Срок",
    terms: { "": "бессрочно", "7": "неделя", "30": "месяц", "365": "год" }, by: "{{author}}, {{date}}", until: "до {{date}}", forever: "бессрочно", tagSaved: "Записано", tagGone: "Убрано: {{text}}", open: "Открытые заявки", noOpen: "Открытых заявок нет",
    led: "Карточка объединена с этой", merge: "Объединить…", mergeTitle: "Объединить с этой карточкой", mergeLead: "Номера, адреса, метки и заявки второй карточки перейдут к «{{name}}». Это можно отменить.", mergeSearch: "Кого присоединить: имя, номер или адрес", mergeDo: "Объединить", merged: "Объединено: {{name}}", mergedWith: "Объединения", mergedIs: "{{name}}: номеров {{numbers}}, адресов {{homes}}, заметок {{notes}}, заявок {{tickets}}", undoMerge: "Разъединить", undone: "Карточки снова две", noOther: "Такого человека нет",
    title: "Карточка", newTitle: "Новая карточка", name: "Фамилия, имя, отчество", number: "Номер {{n}}", addNumber: "Номер", home: "Адрес {{n}}", addHome: "Адрес", house: "Улица и дом", flat: "Квартира", relation: "Кто он там", noHouse: "Такого дома нет",
    alike: "Похоже, уже известен", alikeWhy: { number: "тот же номер", name: "то же имя и дом" }, anyway: "Это другой человек, сохранить", stale: "Карточку тем временем изменили", reread: "Прочитать заново",
  },
  duplicates: { title: "Похоже, один человек", why: { number: "Один номер: {{what}}", name: "Одно имя и дом: {{what}}" }, keep: "оставить эту", family: "Один номер бывает у целой семьи: отметьте лишь тех, кто один человек.", take: "присоединить: {{name}}", merge: "Объединить", none: "Двойников не видно", noneLead: "Здесь встают карточки с одним номером или с одним именем в одном доме.", open: "открыть" },
};

export const staffRu = {
  title: "Сотрудники", new: "Новый сотрудник", search: "Имя или логин", withFormer: "И бывшие", all: "Все роли", role: "Роль", col: { name: "Имя", role: "Роль", organisation: "Организация", extension: "Телефон", tickets: "В работе", state: "Вход" },
  none: "Никого не нашлось", noneLead: "Измените отбор или добавьте сотрудника.", choose: "Выберите сотрудника", chooseLead: "Слева — список: стрелки ведут по нему.", login: "Логин", loginHint: "Не меняется: на нём история.", name: "Фамилия и имя", organisation: "Организация", own: "сама служба", extension: "Внутренний номер", phone: "Мобильный", trade: "Специальность", districts: "Районы инспектора", districtsHint: "через запятую; пусто — весь город", language: "Язык", active: "Работает",
  password: "Новый пароль", passwordHint: "Пусто — прежний. Не меньше 8 знаков; все его сеансы закончатся.", passwordNew: "Без пароля войти нельзя. Не меньше 8 знаков.", save: "Сохранить", saved: "Сохранено", former: "не работает", noPassword: "без пароля", can: "есть", above: "Роль выше вашей: менять её может администратор.", back_one: "{{count}} заявка вернулась организации: {{list}}", back_few: "{{count}} заявки вернулись организации: {{list}}", back_many: "{{count}} заявок вернулось организации: {{list}}", back_other: "{{count}} заявки вернулось организации: {{list}}", openLead: "В работе: {{count}}. Если снять отметку «Работает», они вернутся организации.",
  shifts: "Смены", noShifts: "Смен на две недели нет", begins: "С", ends: "До", note: "Пометка", addShift: "Добавить смену", shiftGone: "Смена убрана", dropShift: "Убрать смену {{when}}", shiftSaved: "Смена добавлена",
};

export const importsRu = {
  title: "Импорт", kind: "Что в файле", kinds: { houses: "Дома", premises: "Помещения", organisations: "Организации", contracts: "Договоры", staff: "Сотрудники", residents: "Жильцы", classifier: "Классификатор" }, columns: "Столбцы", optional: "можно",
  drop: "Перетащите файл CSV сюда", dropLead: "UTF-8 или Windows-1251; запятые, точки с запятой или табуляция. Сначала покажем, что изменится.", pick: "Выбрать файл", other: "Другой файл",
  taken: "годных строк", added: "новых", changed: "изменят что-то", skipped: "с ошибкой", mistakes: "Строки с ошибкой", mistakesLead: "Они не возьмутся; остальные возьмутся.", row: "строка {{row}}", moreMistakes: "и ещё {{count}}", changes: "Что изменится", first: "первые {{count}}", nothing: "Ничего не изменится", nothingLead: "Всё в файле уже стоит так.", new: "новое", before: "было", after: "станет", field: "Поле", what: "Что", apply_one: "Применить {{count}} изменение", apply_few: "Применить {{count}} изменения", apply_many: "Применить {{count}} изменений", apply_other: "Применить {{count}} изменения", done: "Применено: {{count}}", doneLead: "Из файла {{name}}. Ошибочные строки: {{skipped}}.", more: "Ещё файл", classifierLead: "На странице классификатора импорт можно отменить.",
};

export const readingsRu = {
  title: "Журнал чтений", lead: "Кто, когда и зачем смотрел личные данные.", who: "Кто", everybody: "Все", what: "Что", anything: "Всё", whats: { card: "карточка", recording: "запись", export: "выгрузка", edit: "правка карточки", ticket: "заявка", file: "файл" }, whys: { card: "открыта карточка", house: "список жильцов", created: "заведена", changed: "изменена", "likely duplicates": "поиск двойников", "incoming call": "входящий вызов" }, subject: "О ком или о чём", subjectHint: "person:12, house:3 или номер", why: "Зачем", at: "Когда", from: "С дня", to: "По день", any: "любой", clear: "Сбросить", export: "Выгрузить CSV", none: "Чтений в этом отборе нет", noneLead: "Здесь встаёт каждый просмотр карточки, записи и выгрузки.", shown: "Показано: {{count}}",
};
