// The words of contracts, the working calendar, misroutes and rules in Russian.

export const contractsRu = {
  title: "Договоры", search: "Номер договора или организация", kind: "Вид", anyKind: "Любой вид", which: "Какие договоры", live: "Действуют сегодня", all: "Все", removed: "Убранные",
  add: "Новый договор", table: "Список договоров", code: "Номер", organisation: "Организация", serves: "Служит как", branch: "Раздел", houses: "Дома", term: "Срок", priority: "Приоритет", hours: "Дежурство",
  everywhere: "весь город", always: "круглосуточно", work: "в рабочие часы", whole: "все заявки", openEnd: "бессрочно", until: "по {{day}}", since: "с {{day}}",
  empty: "Договоров нет", emptyLead: "Импортируйте файл CSV или добавьте первый договор: без него заявкам некуда идти.", emptyFound: "Ничего не нашлось", emptyFoundLead: "Измените отбор.",
  emptyRemoved: "Убранных договоров нет", choose: "Выберите договор", chooseLead: "Или добавьте новый: клавиша N.",
  newTitle: "Новый договор", oneTitle: "Договор № {{code}}", by: "{{author}}, {{at}}", imported: "из файла", removedAt: "убран {{at}}",
  codeHint: "Как на бумаге: 14-У/2026", chooseOrganisation: "Выберите организацию", closed: "{{name}} (закрыта)", branchHint: "HVS, HVS-02 или пусто — все заявки", area: "Какие дома", areaHouses: "По списку", areaAll: "Весь город",
  addHouse: "Добавить дом", addHouseHint: "Улица и номер", noHouse: "Такого дома нет", drop: "Убрать дом {{address}}", houseCount_one: "{{count}} дом", houseCount_few: "{{count}} дома", houseCount_many: "{{count}} домов", houseCount_other: "{{count}} дома", more: "и ещё {{count}}",
  from: "Действует с", to: "По", priorityHint: "меньше число — раньше спросят", dutyHours: "Часы дежурства", dutyAlways: "Круглосуточно", dutyWork: "Рабочие часы", dutyWindow: "По часам", opens: "С", closes: "До", note: "Заметка",
  save: "Сохранить", remove: "Убрать", restore: "Вернуть", undo: "Вернуть", saved: "Договор № {{code}} сохранён", gone: "Договор № {{code}} убран", back: "Договор № {{code}} снова действует",
  warnings: "Обратите внимание", needCode: "Укажите номер", needOrganisation: "Выберите организацию", needHouses: "Договор без домов: назовите их или выберите весь город",
  kinds: {
    management_company: "управляющая организация", water_utility: "водоканал", heat_utility: "теплоснабжающая", power_utility: "электросети", gas_utility: "газовая служба", utility: "ресурсоснабжающая", lift_company: "лифтовая", intercom_company: "домофонная",
    waste_operator: "оператор ТКО", street_lighting: "горсвет", road_service: "дорожная служба", municipality: "муниципалитет", inspectorate: "жилищная инспекция", contact_centre: "контакт-центр", emergency_112: "112", gas_emergency_104: "104", police: "полиция, 102",
  },
  calendar: {
    title: "Рабочий календарь", lead: "Сроки в рабочих днях считаются по нему. Праздники и переносы страна объявляет сама, здесь вносят местные исключения.", year: "Год", before: "Прошлый год", after: "Следующий год", hours: "Рабочие часы {{from}}–{{to}}",
    moves: "переносы {{year}} года известны", noMoves: "переносы {{year}} года ещё не объявлены", legend: "Обозначения", working: "рабочий", off: "выходной", own: "местное исключение", day: "День", chooseDay: "Выберите день", chooseDayLead: "Стрелки двигают, Enter открывает.",
    works: "Рабочий день", rests: "Выходной", name: "Название", nameHint: "День города", save: "Сохранить", reset: "Как в стране", saved: "{{day}}: {{what}}", dropped: "{{day}}: снова как в стране", undo: "Вернуть", byCountry: "по календарю страны", byUs: "исключение внёс(ла) {{author}}",
    list: "Особые дни", workdays_one: "{{count}} рабочий день", workdays_few: "{{count}} рабочих дня", workdays_many: "{{count}} рабочих дней", workdays_other: "{{count}} рабочего дня", unknown: "Страна {{country}}: праздники неизвестны, рабочие дни с понедельника по пятницу",
  },
  misroutes: {
    title: "Ошибки маршрута", lead: "Отказы организаций по заявкам и адресам. Если после отказа заявки берёт другая, предлагается договор, который направит их сразу туда.", by: "Считать по", house: "Дома", street: "Улицы", district: "Районы", days: "За время", day30: "30 дней", day90: "90 дней", day365: "Год",
    table: "Отказы", matter: "Заявка", place: "Адрес", count: "Отказов", declined: "Отказались", accepted: "Приняли потом", last: "Последний", empty: "Отказов нет", emptyLead: "За это время организации приняли всё, что им направили.",
    choose: "Выберите строку", chooseLead: "Здесь появится предложение и то, что оно изменит.", preview: "Что изменится", none: "Предложения нет", branch: "Раздел", contract: "Новый договор", nobody: "никто", same: "без изменений", moreHouses: "и ещё домов: {{count}}",
    waiting_one: "{{count}} заявка ждёт сейчас: направьте её вручную", waiting_few: "{{count}} заявки ждут сейчас: направьте их вручную", waiting_many: "{{count}} заявок ждут сейчас: направьте их вручную", waiting_other: "{{count}} заявки ждут сейчас: направьте их вручную", reasons: "Причины отказов", accept: "Сделать договор", made: "Договор № {{code}} сделан", undo: "Отменить", undoMade: "Убрать договор", openContract: "Открыть договор",
  },
  rules: {
    title: "Правила сроков", packs: "Наборы правил", active: "действует здесь", source: "Основание: {{source}}", since: "с {{day}}", readOn: "сверено {{day}}", rules: "Сроки заявок", duties: "Обязанности службы", rule: "Правило", limit: "Срок", clock: "Часы", start: "Считается", when: "Условие", about: "Разделы", where: "Основание",
    clocks: { accept: "принять", localise: "локализовать", fix: "устранить", interim: "промежуточный ответ", paid: "подтвердить платное" }, starts: { registration: "с регистрации", damage: "с даты повреждения", outage: "с начала перерыва" }, all: "все", default: "если не спросили", monthly: "за месяц {{limit}}", window: "в часы {{window}}", unverified: "не сверено с текстом", none: "Набора правил для этой страны нет", noneLead: "Сроки берутся из классификатора. Набор выбирают в config.toml: [locale] rules.",
    lead: "Из срока классификатора, срока организации и правила действует более ранний. Цифры меняют в файле набора, строка с датой окончания остаётся рядом с новой.",
  },
};
