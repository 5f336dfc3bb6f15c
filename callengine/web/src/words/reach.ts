// The words of who answers when the desk calls an organisation.

export const reachRu = {
  title: "Дозвон до организаций", titleOwn: "Как мы до вас дозваниваемся", period: "звонки диспетчеров за 30 дней", all: "Дозвонились {{answered}} из {{attempted}}", none: "Не звонили", noNumber: "Телефона в карточке нет",
  last: "последний звонок {{time}}", never: "ни разу не ответили", empty: "Организациям ещё не звонили", emptyLead: "Звонок диспетчера на телефон организации встанет сюда сам: сколько раз звонили и сколько раз ответили.",
};

export const reachEn: typeof reachRu = {
  title: "Reaching organisations", titleOwn: "How we reach you", period: "calls of dispatchers in 30 days", all: "Reached {{answered}} of {{attempted}}", none: "Not called", noNumber: "No telephone in its card",
  last: "last call {{time}}", never: "never answered", empty: "No organisation was called yet", emptyLead: "A dispatcher's call to the telephone of an organisation comes here by itself: how often it was called, how often it answered.",
};

export const unclaimedRu = {
  title: "Записи без вызова", lead: "Прослушайте и прикрепите к вызову, у которого записи нет. Номер вызова стоит в его подробностях. Прослушивание и решение записываются.", none: "Отложенных записей нет", sort: "Разобрать", button: "Записи без вызова: {{count}}",
  hear: "Запись {{name}}", call: "Вызов №", reason: "Почему к этому вызову", hang: "Прикрепить", done: "Запись прикрепится к вызову № {{call}}",
};

export const unclaimedEn: typeof unclaimedRu = {
  title: "Recordings without a call", lead: "Listen, and attach it to a call that has no recording. The call's number stands in its details. Hearing and attaching are logged.", none: "No recording lies aside", sort: "Sort out", button: "Recordings without a call: {{count}}",
  hear: "Recording {{name}}", call: "Call no.", reason: "Why this call", hang: "Attach", done: "The recording will be attached to call no. {{call}}",
};
