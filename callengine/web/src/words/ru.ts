// Every word of the pages in Russian. Buttons are verbs, states suit any gender, no exclamation marks.
import { executorRu } from "@/executor/words";
import { handinRu } from "@/resident/readingsWords";
import { residentRu } from "@/resident/words";
import { wayRu } from "@/people/wayWords";
import { journalRu } from "@/tickets/journalWords";
import { supportRu } from "@/tickets/supportWords";
import { organisationRu } from "@/organisation/words";
import { ticketRu } from "@/tickets/ticketWords";

import { classifierRu } from "./classifier.ru";
import { directoryRu, importsRu, readingsRu, staffRu } from "./directory.ru";
import { contractsRu } from "./contracts.ru";
import { ticketFormRu } from "./form.ru";
import { giveRu } from "./give";
import { pushRu } from "./push";
import { reachRu, unclaimedRu } from "./reach";
import { reminderRu } from "./reminder";
import { reasonRu } from "./reason";
import { robotRu } from "./robot.ru";

export const ru = {
  classifier: classifierRu,
  directory: directoryRu, staff: staffRu, imports: importsRu, readings: readingsRu,
  ticketForm: ticketFormRu,
  contracts: contractsRu,
  handin: handinRu,
  reason: reasonRu,
  robot: robotRu,
  push: pushRu, reminder: reminderRu, give: giveRu, reach: reachRu, unclaimed: unclaimedRu, way: wayRu, support: supportRu,
  app: "Диспетчерская",
  room: { desk: "Стол", calls: "Вызовы", callbacks: "Перезвоны", tickets: "Заявки", organisation: "Компания", houses: "Дома и люди", robot: "Робот", admin: "Администрирование" },
  admin: { sections: "Разделы администрирования", section: { classifier: "Классификатор", staff: "Сотрудники", import: "Импорт", readings: "Журнал чтений", contracts: "Договоры", misroutes: "Ошибки маршрута", calendar: "Календарь", rules: "Правила сроков" } },
  rail: { rooms: "Разделы", houses: "Дома", admin: "Админ", keys: "Клавиши", toDay: "День", toNight: "Ночь" },
  role: {
    operator: "оператор", supervisor: "старшая смены", administrator: "администратор",
    organisation_manager: "управляющая организация", executor: "исполнитель", inspector: "инспектор",
  },
  roleDoes: {
    operator: "рабочий стол, вызовы, заявки", supervisor: "перезвоны, вызовы, записи", administrator: "всё, кроме чужого имени",
    organisation_manager: "заявки своей организации", executor: "свои работы", inspector: "только чтение",
  },
  sign: {
    title: "Вход", lead: "Оператор с телефоном на линии, как только вошёл; перерыв: F8.", login: "Имя", password: "Пароль", enter: "Войти",
    sandbox: "Учебный режим", sandboxLead: "Люди и адреса выдуманы, вызовы настоящие и не выходят за эту машину.",
    onePassword: "Пароль у всех:", notInWork: "В рабочем режиме этого списка нет.",
    wrong: "Имя или пароль не подошли", many: "Слишком много попыток. Подождите минуту и повторите.",
    pbxUp: "АТС на связи с {{time}}", pbxDown: "АТС не на связи", out: "Выйти", language: "Язык",
    needed: "Введите имя и пароль",
    change: "Сменить пароль", changeLead: "Остальные ваши входы закончатся.", old: "Пароль сейчас", fresh: "Новый пароль", again: "Новый пароль ещё раз",
    oldNeeded: "Введите пароль, который у вас сейчас", oldWrong: "Нынешний пароль не подошёл", short: "В новом пароле нужно не меньше {{count}} знаков", unlike: "Новые пароли различаются", changed: "Пароль сменён",
  },
  state: {
    ready: "На линии", pause: "Перерыв", after_call: "Запись итога", offline: "Не на линии", ringing: "Вам звонят",
    talking: "Разговор", hold: "Удержание", dialling: "Набор номера",
    goReady: "Встать на линию", goPause: "Уйти на перерыв", shift: "смена {{span}}",
    pressReady: "F8 — на линию", supervising: "Смена", online_one: "в сети {{count}} оператор", online_few: "в сети {{count}} оператора",
    online_many: "в сети {{count}} операторов", online_other: "в сети {{count}} оператора",
  },
  bar: {
    label: "Состояние смены", waiting_one: "{{count}} ждёт", waiting_few: "{{count}} ждут", waiting_many: "{{count}} ждут", waiting_other: "{{count}} ждут",
    longest: "дольше всех {{time}}", queueEmpty: "очередь пуста", toCallback: "до перезвона, {{count}} в списке",
    late: "просрочен, {{count}} в списке", nobody: "перезванивать некому", search: "Номер, адрес, заявка, имя",
    pbxUp: "АТС на связи", pbxConnecting: "АТС: соединяемся", pbxDown: "АТС не отвечает", pbxRefused: "АТС не пустила", age: "данные {{span}} назад", fresh: "данные только что",
    linkLost: "Связь потеряна", linkLostFor: "данным {{span}}", person: "Меню: {{name}}",
  },
  notice: {
    label: "Предупреждения об АТС", down: "АТС «{{name}}» не на связи с {{time}}, уже {{span}}.", refused: "АТС «{{name}}» не пускает систему с {{time}}, уже {{span}}.",
    ledger: "Новых вызовов на экране нет. АТС записывает их у себя: они появятся, когда связь вернётся.",
    gap: "С {{from}} до {{to}} АТС «{{name}}» не было видно.", gapUnder: "Её записей за это время нет: вызовы могли пропасть, в отчётах этот промежуток стоит как «нет данных».",
    unclaimed_one: "{{count}} запись пришла без вызова и отложена.", unclaimed_few: "{{count}} записи пришли без вызова и отложены.",
    unclaimed_many: "{{count}} записей пришло без вызова, они отложены.", unclaimed_other: "{{count}} записи пришли без вызова и отложены.",
    unclaimedUnder: "Файлы целы и лежат в папке записей, в unclaimed: {{names}}. Если вызов найдётся, запись встанет на место сама.",
    clockAhead: "Часы АТС «{{name}}» спешат на {{span}}.", clockBehind: "Часы АТС «{{name}}» отстают на {{span}}.",
    clockUnder: "Время вызовов и сроки исправлены, а часы работы и журналы самой АТС — нет: администратору нужно включить синхронизацию времени (chrony).",
  },
  key: { title: "Клавиши", space: "Пробел", always: "Работают и во время набора текста", outside: "Только вне полей", board: "На доске перезвонов", single: "Одиночные клавиши включены" },
  keys: {
    f1: "клавиши", f2: "ответить на вызов; в переводе: соединить и выйти", sf2: "положить трубку; в переводе: вернуть жителя", f3: "новая заявка", sf3: "присоединить вызов к открытой заявке", sf4: "отдать вызов другому",
    f4: "удержать, вернуться; в переводе: втроём", f6: "следующая область", f7: "позвонить в 112, 104 и соединить", sf7: "ответ дан", f8: "на линию, перерыв", f9: "следующий перезвон", f10: "открыть напоминание", cb: "список напоминаний", sf9: "в заявке: без дома, место словами", ck: "найти", ce: "зарегистрировать, отправить", esc: "назад, черновик сохранён",
    digits: "выбрать", arrows: "список", slash: "отбор", c: "позвонить", d: "демо-звонок", e: "выгрузить", o: "открыть", space: "слушать, пауза", seek: "на 5 секунд", speed: "скорость", m: "отметить место в записи", choose: "выбрать перезвон", range: "выбрать подряд", allRows: "выбрать все", a: "поручить", x: "закрыть",
  },
  find: { title: "Найти", placeholder: "Номер, адрес, заявка или имя", hint: "Наберите не меньше двух знаков", none: "Ничего не нашлось. Попробуйте номер, улицу или фамилию.",
    call: "вызов", ticket: "заявка", person: "человек", house: "дом", duty: "перезвон" },
  list: { failed: "Не загрузилось", repeat: "Повторить", loading: "Загружаем", more: "Показать ещё" },
  error: {
    "no-link": "Двигатель не отвечает: проверьте, что он запущен", "not-json": "Двигатель ответил не тем, чего мы ждали", forbidden: "Вашей роли это не разрешено",
    "pbx-lost": "Нет связи с АТС, вызов не поставлен", "no-warm-transfer": "АТС не начала перевод: переведите на телефоне или отдайте вызов сразу", "transfer-lasts": "Другой перевод этого вызова ещё идёт: завершите его или верните жителя", "not-answered-yet": "Ещё не ответили: дождитесь ответа или верните жителя", "no-transfer": "Перевод уже кончился: житель с вами", "not-your-call": "Перевести может только тот, кто говорит в этом вызове",
    "outcome-unknown": "Связь с АТС оборвалась на полпути: посмотрите вызовы, прежде чем повторить",
    "not-found": "Этого больше нет", unauthenticated: "Войдите заново", "too-many": "Слишком много попыток, подождите", unavailable: "Сейчас недоступно, повторите", unknown: "Не получилось",
  },
  said: { lead: "Вызов ещё записывается: карточка появится следом.", answerWaits: "Вызов ещё записывается: ответим, как только он запишется. Трубку можно снять и на телефоне.", notStored: "Вызов так и не записался: ответьте на телефоне {{extension}}" },
  call: {
    incoming: "Входящий вызов", outgoing: "Исходящий вызов", talking: "Разговор", hold: "Удержание", after: "Запись итога", rings: "звонит", waits: "Линия {{did}} · ждёт {{time}}", line: "Линия {{did}}",
    answer: "Ответить", handset: "Снимите трубку: телефон {{extension}}", give: "Другому", transfer: "Перевести", hangup: "Положить", machine: "Это автоответчик", machineSaid: "Записано: попытка, а не разговор", finish: "Закончить",
    recording: "Запись идёт, 2 канала", notRecorded: "Запись не идёт", dialling: "Набираем {{number}}", answerCouldNot: "Отсюда трубку не снять: ответьте на телефоне {{extension}}",
    who: "Кто звонит", whom: "Кому звоним", people_one: "{{count}} человек на этом номере", people_few: "{{count}} человека на этом номере", people_many: "{{count}} человек на этом номере", people_other: "{{count}} человека на этом номере",
    unknown: "Номер не известен", unknownLead: "В справочнике этого номера нет. Имя и адрес запишутся вместе с заявкой.", withheld: "Номер скрыт", withheldLead: "Перезвонить на него будет нельзя: спросите номер в начале разговора.",
    cardFailed: "Карточка не загрузилась", floors: "{{count}} эт.", entrances_one: "{{count}} подъезд", entrances_few: "{{count}} подъезда", entrances_many: "{{count}} подъездов", entrances_other: "{{count}} подъезда",
    until: "до {{date}}", forever: "бессрочно", addNote: "Добавить метку", noteText: "Метка: что знать об этом человеке", save: "Сохранить", dropNote: "Убрать метку «{{text}}»", noteSaved: "Метка сохранена", noteDays: "Срок", noteMonth: "месяц", noteYear: "год",
    accident: "Авария открыта с {{time}}", planned: "Плановые работы", cause: "Причина", promised: "Обещано", promisedAt: "к {{time}}", ticket: "Заявка", quiet: "Открытых аварий нет",
    open: "Открытые заявки", noOpen: "Открытых заявок по дому нет", last: "Последние вызовы", inYear: "{{count}} за год", noLast: "Раньше не звонили", today: "сегодня",
    none: "Вызова нет", noneLead: "Кто звонит, дом и прошлые вызовы появятся здесь раньше, чем вы ответите.", panel: "Вызов",
    soon: { who: "Все, у кого этот номер: квартира, метки, автор и срок меток", house: "Открытая авария, её причина и обещанное время; плановые работы", tickets: "Что открыто по квартире и дому", calls: "Когда звонили и чем кончилось" },
    soonTitle: { who: "Кто звонит", house: "Дом", tickets: "Заявки", calls: "Вызовы" },
    transferTo: "Кому отдать", transferAsk: "Внутренний номер или номер снаружи", transferred: "Вызов отдан: {{to}}", hungUp: "Положили трубку",
    ended: "Разговор окончен", lasted: "говорили {{time}}", missedHere: "Не ответили",
  },
  relation: { owner: "собственник", tenant: "наниматель", relative: "родственник", resident: "житель", senior: "старший по дому", other: "житель" },
  desk: {
    callbacks: "Перезвонить", first: "сначала срочные", noCallbacks: "Перезванивать некому", noCallbacksLead: "Пропущенный вызов встанет сюда с отсчётом 5:00 и законным сроком 10:00.",
    draft: "Черновик: {{title}}", draftSaved: "сохранён {{time}}", continue: "Продолжить", newTicket: "Новая заявка", newTicketLead: "что случилось, потом где",
    tickets: "Последние заявки", ticketsKeys: "↑ ↓ выбрать · Enter открыть", noTickets: "Заявок ещё нет", noTicketsLead: "Первая появится здесь, как только вы её зарегистрируете: F3.",
    demo: "Демо-звонок", demoPlaced: "Звонок поставлен: через несколько секунд зазвонит очередь", shift: "Моя смена", shiftCalls: "Вызовы", shiftTalk: "Разговор, среднее", shiftCallbacks: "Перезвоны в срок", shiftTickets: "Заявки", shiftSince: "с {{time}}", shiftNone: "не начата",
    of: "{{part}} из {{whole}}", sandbox: "учебный режим", emptyTitle: "Вызовов ещё не было", emptyLead: "Поставьте демо-звонок: он придёт на линию, пройдёт меню и очередь и зазвонит у вас через несколько секунд. Телефон не нужен.", emptyWork: "Первый вызов появится справа раньше, чем вы снимете трубку.", goReady: "Встаньте на линию, и вызовы пойдут к вам", place: "Поставить демо-звонок",
    kind: { known: "Житель из карточки", unknown: "Номер не известен", withheld: "Номер скрыт", hangup: "Бросит трубку", busy_day: "Живой поток" },
    kindLead: { known: "имя, квартира, заявки дома", unknown: "первый вызов", withheld: "перезвонить нельзя", hangup: "станет перезвоном", busy_day: "несколько вызовов подряд" },
  },
  duty: {
    burning: "горит", soon: "скоро", late: "поздно", left: "осталось", claimed: "занят", unknown: "Номер не известен", calls_one: "{{count}} вызов", calls_few: "{{count}} вызова", calls_many: "{{count}} вызовов", calls_other: "{{count}} вызова",
    law: "закон {{time}}", call: "Позвонить", dials: "{{name}} набирает · {{time}}", mine: "вы набираете · {{time}}",
    given: "Вам поручен перезвон {{number}} ({{name}})", givenToMe: "поручено вам: {{name}} · {{time}}", takenByMe: "за вами · {{time}}", givenTo: "поручено: {{name}} · {{time}}", taken: "держит {{name}} · {{time}}", giveBack: "Вернуть", attempts_one: "{{count}} попытка", attempts_few: "{{count}} попытки", attempts_many: "{{count}} попыток", attempts_other: "{{count}} попытки",
    impossible: "перезвонить нельзя", play: "Слушать сообщение, {{time}}", heard: "Прослушано", heardAt: "прослушано {{time}}", close: "Закрыть", closeTitle: "Закрыть перезвон {{number}}", closeLead: "Причина останется в истории обязательства и в отчёте.", reason: "Причина", closed: "Перезвон закрыт", dialSent: "Набираем {{number}}: сначала зазвонит ваш телефон", none: "Перезванивать некому", progress: "Прошло {{part}} из {{whole}} по закону",
    where: { greeting: "приветствие", menu: "бросили в меню", queue: "не дождались в очереди", ringing: "не сняли трубку", announcement: "объявление", no_operators: "нет операторов", after_hours: "вне часов работы", timeout: "очередь не дождалась", refused: "все отказались", phone_dead: "телефон не отвечает", callback_requested: "попросили перезвонить", message: "голосовое сообщение", rating: "плохая оценка роботу", asked_operator: "просил у робота оператора", resident_word: "написал по закрытой заявке", unknown: "без ответа" },
  },
  hold: { hold: "Удержать", back: "Вернуться", atPhone: "АТС не умеет держать вызов за вас: нажмите удержание на телефоне {{extension}}, страница покажет его сама" },
  marks: { title: "Отметки", add: "Отметить {{time}}", go: "К отметке {{time}}: {{text}}", text: "Отметка на {{time}}", placeholder: "Что здесь важно", remove: "Убрать отметку «{{text}}»", take: "Убрать отметку", removed: "Отметка убрана" },
  join: {
    join: "Присоединить", accident: "Авария {{number}}", open: "Открыта {{number}}", title: "К какой заявке присоединить вызов", lead: "Заявитель и его вызов встанут на открытую заявку, новая не заводится.",
    words: "Что добавил заявитель", wordsPlaceholder: "Необязательно: что он видит у себя", done: "Вызов присоединён к {{number}}", already: "Заявитель уже в {{number}}: прикреплён только вызов", undone: "Вызов снят с {{number}}", withdraw: "Снять с заявки",
    others_one: "Ещё {{count}} заявитель", others_few: "Ещё {{count}} заявителя", others_many: "Ещё {{count}} заявителей", others_other: "Ещё {{count}} заявителя",
  },
  bulk: {
    mark: "Выбрать (Пробел)", markOne: "Выбрать {{number}}", all: "Выбрать все (Ctrl A)", chosen_one: "Выбран {{count}}", chosen_few: "Выбрано {{count}}", chosen_many: "Выбрано {{count}}", chosen_other: "Выбрано {{count}}",
    assign: "Поручить", assignOne: "Кому поручить {{number}}", assignMany_one: "Кому поручить {{count}} перезвон", assignMany_few: "Кому поручить {{count}} перезвона", assignMany_many: "Кому поручить {{count}} перезвонов", assignMany_other: "Кому поручить {{count}} перезвона",
    assignLead: "Оператор увидит поручение сразу, на любой странице. Если набор не начнётся вовремя, перезвон снова станет общим.", nobody: "На смене никого нет", nobodyLead: "Поручить можно тому, кто на линии, на перерыве или дописывает итог.",
    holds_one: "уже {{count}} перезвон", holds_few: "уже {{count}} перезвона", holds_many: "уже {{count}} перезвонов", holds_other: "уже {{count}} перезвона",
    given_one: "{{name}}: поручен {{count}} перезвон", given_few: "{{name}}: поручено {{count}} перезвона", given_many: "{{name}}: поручено {{count}} перезвонов", given_other: "{{name}}: поручено {{count}} перезвона",
    closeTitle_one: "Закрыть {{count}} перезвон", closeTitle_few: "Закрыть {{count}} перезвона", closeTitle_many: "Закрыть {{count}} перезвонов", closeTitle_other: "Закрыть {{count}} перезвона",
    closed: "Закрыто {{part}} из {{count}}", back_one: "Вернулся {{count}} перезвон", back_few: "Вернулось {{count}} перезвона", back_many: "Вернулось {{count}} перезвонов", back_other: "Вернулось {{count}} перезвона", reopen: "Вернуть в работу",
    notClosed: "Не закрыты", notGiven: "Не поручены", notBack: "Не вернулись",
    left: { over: "уже всё: {{state}}", dialling: "сейчас набирает {{who}}", "not-closed": "не закрыт: {{state}}", newer: "звонил ещё раз, и тот перезвон открыт", talked: "с ним уже поговорили", missing: "такого перезвона нет" },
    state: { open: "открыт", claimed: "занят", attempted: "открыт", reached: "перезвонили", superseded: "дозвонился сам", unreachable: "недоступен", impossible: "номер скрыт", closed: "закрыт" },
  },
  outcome: { talking: "разговор идёт", answered: "разговор", missed: "без ответа", served: "без оператора", reached: "перезвонили", no_answer: "не дозвонились", busy: "занято", rejected: "отклонён", failed: "не соединили", robot: "робот", menu: "в меню", queued: "в очереди", offered: "звонит", dialling: "набирают", held: "удержание" },
  calls: {
    title: "Вызовы", totals_day: "{{calls}} за день", totals: "{{calls}} по отбору", missed: "{{missed}} без ответа ({{percent}})", recorded: "записано {{recorded}} из {{conversations}} разговоров",
    export: "Выгрузить", filter: "Номер, имя или адрес", day: "День", anyDay: "за всё время", clearDay: "Снять отбор по дню", all: "Все", talks: "Разговоры", missedOnly: "Без ответа", outgoing: "Исходящие", robot: "Робот", outcomeLabel: "Исход", operator: "Оператор", house: "Дом", recording: "Запись", anyOperator: "Все операторы", anyHouse: "Все дома", anyRecording: "Любая запись", ready: "полная", short: "короче", missing: "нет записи",
    col: { at: "Пришёл", outcome: "Исход", number: "Номер", who: "Кто", where: "Где", operator: "Оператор", waited: "Ждал", talked: "Говорили", recording: "Запись", links: "Заявка, перезвон" },
    shown: "Показаны {{count}}", shownOf: "Показаны {{count}} из {{total}}", row: "строка", open: "раскрыть", dial: "позвонить", callback: "перезвон {{time}}", noData: "нет данных {{from}}–{{to}}: АТС не была видна", running: "идёт", shortBy: "короче разговора", lost: "нет записи", pending: "готовится",
    empty: "Вызовов по этому отбору нет", emptyLead: "Каждый вызов на линию встаёт сюда сам, с исходом и записью. Снимите отбор, чтобы увидеть остальные.", noRecording: "Записи нет: разговора не было", notRecorded: "Записи этого разговора нет", after: "через {{time}}", impossible: "нельзя", settled: "закрыт", ledger: "по журналу АТС", history: "Ход вызова", queued: "в очереди", held: "на удержании {{time}}", id: "вызов № {{id}}", linkedid: "в журналах АТС «{{pbx}}»:", linkedidLead: "Linkedid: по нему вызов находится в журналах Asterisk", offered: "звонил {{name}}", place: { greeting: "приветствие", menu: "меню", queue: "очередь", ringing: "звонок", announcement: "объявление", no_operators: "нет операторов", after_hours: "вне часов", timeout: "очередь", refused: "отказ", phone_dead: "нет телефона", callback_requested: "просьба", message: "сообщение", unknown: "—" }, result: { answered: "ответили", no_answer: "не ответили", refused: "отказались", elsewhere: "ответили в другом месте", dead: "телефон не отвечает" },
  },
  player: {
    machine: { ready: "Расшифровка машиной", waiting: "Расшифровка машиной: в очереди", silent: "Расшифровка машиной: слов не слышно", failed: "Расшифровать не удалось", sure: "уверенность {{percent}} %", note: "Текст распознан программой и может быть неверен: слушайте запись" },
    play: "Слушать", pause: "Пауза", caller: "Абонент", operator: "Оператор", seek: "Место в записи", seconds: "5 с", speed: "скорость {{speed}}×", whole: "Полнота", of: "{{part}} из {{whole}} разговора", ticket: "Заявка", keep: "Хранить", keepUntil: "до {{date}}", keepAlways: "без срока", held: "не удалять: {{reason}}", heard: "Слушали", nobody: "никто", print: "Отпечаток", download: "Скачать", hold: "Не удалять", release: "Снять запрет", holdTitle: "Не удалять запись", releaseTitle: "Снять запрет на удаление", holdReason: "Причина, не короче трёх знаков", done: "Сохранено", failed: "Запись не открылась", state: { recording: "разговор ещё пишется", ready: "полная", short: "короче разговора", missing: "файла нет", broken: "файл испорчен", expired: "удалена по сроку" }, none: "нет", wave: "Громкость двух сторон разговора",
  },
  board: {
    title: "Перезвоны", rule: "Правила: {{rule}}", ruleIs: "{{pack}}, {{legal}} от прихода вызова · свой срок {{own}} от его конца", text: { late: "контакт позже законного срока", lateOwed: "срок прошёл, ещё не перезвонили", unreachable: "все попытки исчерпаны", withheld: "номер скрыт, перезвонить нельзя", machine: "ответил автоответчик: попытка, а не контакт" }, report: "Отчёт", prev: "Предыдущий день", next: "Следующий день", upTo: "до {{time}}", day: "День отчёта",
    legal: "По закону, {{limit}} от прихода", own: "Свой срок, {{limit}} от конца", attempts: "Попытки без контакта", withheld: "Номер скрыт", seen: "АТС была видна", later: "{{count}} позже", owed: "{{count}} ещё открыто", allIn: "все в срок", median: "медиана {{time}}", duties_one: "у {{count}} обязательства", duties_few: "у {{count}} обязательств", duties_many: "у {{count}} обязательств", duties_other: "у {{count}} обязательств", machine: "автоответчик — попытка", outside: "вне расчёта", ofHours: "из {{time}} ч", gap: "нет данных {{from}}–{{to}}", gaps: "нет данных: {{count}} промежутка", noGaps: "без пробелов", noData: "нет данных", nothing: "пропущенных не было",
    open: "Открыты сейчас", byLeft: "по остатку времени", more: "Показать ещё {{count}}", below_one: "ниже ещё {{count}} перезвон", below_few: "ниже ещё {{count}} перезвона", below_many: "ниже ещё {{count}} перезвонов", below_other: "ниже ещё {{count}} перезвона", noOpen: "Открытых перезвонов нет", noOpenLead: "Пропущенный вызов встанет сюда с отсчётом до своего и законного срока.", chart: "Пропущенные по часу прихода", asChart: "График", asTable: "Таблица", view: "Вид", now: "сейчас", in5: "за {{own}}", in10: "за {{legal}}", over: "позже", hidden: "номер скрыт", open_: "ещё открыто", unseen: "АТС не видна", hour: "Час",
    byOperator: "По операторам", sums: "итог сходится с днём", col: { who: "Кто перезвонил", total: "Всего", in5: "≤ {{own}}", in10: "≤ {{legal}}", late: "Позже", attempts: "Попыток", median: "Медиана" }, themselves: "Дозвонились сами", total: "Всего", noOperators: "Никто ещё не перезванивал", noOperatorsLead: "Здесь встанет каждый, кто перезвонил в этот день, и те, кто дозвонился сам.",
    exceptions: "Исключения", exceptionsKeys: "Enter — вызовы", noExceptions: "Исключений нет", noExceptionsLead: "Поздние, недоступные, скрытые номера и пробелы связи встанут сюда, каждый со своими вызовами.", lateBy: "Позже на {{time}}", kind: { late: "Позже", unreachable: "Недоступен", withheld: "Номер скрыт", machine: "Автоответчик", closed: "Закрыт", no_data: "Нет данных" }, noDataFor: "Нет данных, {{span}}", noDataWhy: "связь с АТС и её журнал недоступны; вызовы этого времени не считаем ни выполненными, ни пропущенными", openCalls: "открыть", callsOf: "Вызовы: {{title}}", attemptsOf: "Попытки и ход", noCalls: "Вызовов у этого исключения нет", attempt: { answered: "ответили", no_answer: "не ответили", busy: "занято", rejected: "отклонили", failed: "не соединили", machine: "автоответчик", unknown: "исход неизвестен" },
    chartLabel: "Пропущенные вызовы по часам; рядом есть таблица",
  },
  form: {
    title: "Новая заявка", fromCall: "Новая заявка из вызова", saved: "черновик сохранён {{time}}", what: "Что случилось", whatPlaceholder: "Начните с главного слова: течь, лифт, свет…", found: "{{count}} в классификаторе", nothing: "Такого в классификаторе нет. Попробуйте одно слово: вода, лифт, свет.", similar: "Похоже:", change: "Сменить",
    where: "Где", fromCard: "из карточки заявителя", wherePlaceholder: "Улица и дом", premise: "кв.", premiseLabel: "Квартира или место", noHouse: "Такого дома нет в справочнике", who: "Заявитель", name: "Имя", number: "Телефон", ask: "Спросить", asked: "{{done}} из {{all}}", yes: "да", no: "нет", unknown: "не знает", words: "Суть словами", wordsPlaceholder: "Что видит заявитель и чего он ждёт", register: "Зарегистрировать", toDraft: "В черновик", discard: "Стереть", thenSay: "Затем назовите номер и сроки", terms: "Сроки", ifNow: "если записать сейчас", accept: "Принять", localise: "Локализовать", fix: "Устранить", by: "до {{time}}", why: "почему:", noTerm: "срока нет", answers: "Ответит", answersKeys: "клавиши 1–9", needBoth: "Появится, когда известно, что случилось и где", failed: "Не удалось подобрать", missing: { what: "Выберите, что случилось" }, done: "Заявка {{number}} зарегистрирована", say: "Назовите жителю номер и сроки", again: "Ещё одна", openTicket: "Открыть", back: "К столу", organisation: "Ответит", discarded: "Черновик стёрт", undo: "Вернуть", refused: "Не записалось: {{why}}",
  },
  urgency: { life: "Угроза жизни", emergency: "Авария", urgent: "Срочная", normal: "Обычная", planned: "Плановая", info: "Справка" },
  tickets: {
    title: "Заявки", overdueBy: "просрочена на {{span}}", overdue: "просрочена", left: "осталось {{span}}", noTerm: "без срока", noOrganisation: "не назначена", said: "заявил {{name}}", story: "Ход дела", back: "Назад", text: "Суть",
  },
  status: { from_cabinet: "Из ЛК клиента", unassigned: "Нераспределённая", awaiting_acceptance: "Ожидает принятия ответственным", declined: "Отклонена управляющим", no_executor: "Не назначен исполнитель", executor_assigned: "Назначен исполнитель", in_progress: "В работе", awaiting_centre: "Ожидает подтверждения центром", awaiting_client: "Ожидает подтверждения клиентом", needs_rework: "Требует доработки", conflict: "Конфликтная", closed: "Закрыта", cancelled: "Отменена" },
  statusShort: { from_cabinet: "Из ЛК клиента", unassigned: "Нераспределённая", awaiting_acceptance: "Ждёт принятия", declined: "Отклонена", no_executor: "Без исполнителя", executor_assigned: "Назначен", in_progress: "В работе", awaiting_centre: "Ждёт центр", awaiting_client: "Ждёт клиента", needs_rework: "Требует доработки", conflict: "Конфликтная", closed: "Закрыта", cancelled: "Отменена" },
  resident: residentRu,
  journal: journalRu,
  ticket: ticketRu,
  organisation: organisationRu,
  work: executorRu,
  common: { close: "Закрыть", cancel: "Отменить", minus: "—", flat: "кв. {{flat}}", save: "Сохранить", dismiss: "Убрать сообщение", leave: "Уйти без сохранения?" },
};

export type Words = typeof ru;
