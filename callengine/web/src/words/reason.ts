// Why a notice waits, failed or was not sent, by the engine's own codes (notices/reasons.py), in both languages.

const services = {
  ru: { mail: "почтовый сервер", push: "сервис пушей", sms_gateway: "шлюз СМС", smsc: "СМС-центр" },
  en: { mail: "the mail server", push: "the push service", sms_gateway: "the SMS gateway", smsc: "the SMS centre" },
};

export const reasonRu = {
  service: services.ru,
  code: {
    called_off: "отозвано", field_empty: "в шаблоне есть {{field}}, а подставить нечего", no_channel: "этот способ здесь не настроен: {{channel}}", no_number: "нет номера телефона", no_email: "нет адреса почты", asked: "просил не сообщать этим способом",
    late: "не успели сообщить вовремя", given_up: "больше не пробуем, попыток: {{count}}", unknown: "неизвестно, дошло ли; второй раз не посылаем", no_phone: "до телефона не дошло{{said}}", part: "часть {{part}}{{said}}",
    acknowledged: "уже подтверждено", told_by: "уже сообщено: {{channel}}", robot_call: "звонок робота: {{result}}", key_refused: "отказался клавишей 2", ticket_moved: "заявка изменилась: {{move}}", joined_by_mistake: "присоединили по ошибке", campaign_stopped: "кампания остановлена", another_way: "выбрал другой способ",
    engine_stopped: "служба остановилась во время отправки", not_ready: "сообщение не собралось за {{seconds}} с", not_made: "сообщение не собралось{{said}}", no_reply: "нет ответа за {{seconds}} с", engine_fault: "ошибка службы{{said}}",
    robot_refused: "робот не взял{{said}}", robot_number: "робот не звонит на этот номер", no_dialogue: "у робота нет диалога для такого сообщения", no_ticket: "нет заявки {{ticket}}", no_browser: "уведомления в браузере не включены", browsers_gone: "браузер больше не принимает уведомлений", subscription_bad: "подписка браузера негодна{{said}}",
    service_down: "{{service}} недоступен{{said}}", service_unusable: "{{service}} ({{where}}) не работает{{said}}", service_busy: "{{service}} занят{{said}}", service_failed: "{{service}} ответил ошибкой{{said}}", service_silent: "{{service}} не ответил{{said}}", service_broke: "{{service}} оборвал связь{{said}}", service_broke_taking: "{{service}} оборвал связь, принимая сообщение{{said}}", service_refused: "{{service}} отказал{{said}}", service_refused_us: "{{service}} не принял наше имя или ключ{{said}}",
    bad_address: "{{address}}: такого адреса почты не бывает{{said}}", too_long: "текст займёт {{count}} СМС, а можно не больше {{most}}",
  },
};

export const reasonEn: typeof reasonRu = {
  service: services.en,
  code: {
    called_off: "called off", field_empty: "the template has {{field}}, and there is nothing to put there", no_channel: "this way is not configured here: {{channel}}", no_number: "there is no telephone number", no_email: "there is no e-mail address", asked: "asked not to be told this way",
    late: "it could not be told in time", given_up: "given up, attempts: {{count}}", unknown: "nobody knows whether it arrived; it is not sent twice", no_phone: "it did not reach the telephone{{said}}", part: "part {{part}}{{said}}",
    acknowledged: "acknowledged already", told_by: "told already: {{channel}}", robot_call: "the robot's call: {{result}}", key_refused: "refused by key 2", ticket_moved: "the ticket changed: {{move}}", joined_by_mistake: "joined by mistake", campaign_stopped: "the campaign was stopped", another_way: "chose another way",
    engine_stopped: "the service stopped while it was sending", not_ready: "the message was not ready within {{seconds}} s", not_made: "the message could not be made{{said}}", no_reply: "no answer within {{seconds}} s", engine_fault: "a fault of the service{{said}}",
    robot_refused: "the robot did not take it{{said}}", robot_number: "the robot does not call this number", no_dialogue: "the robot has no dialogue for such a message", no_ticket: "there is no ticket {{ticket}}", no_browser: "no browser takes these pushes", browsers_gone: "the browser takes no more pushes", subscription_bad: "the browser's subscription cannot be used{{said}}",
    service_down: "{{service}} cannot be reached{{said}}", service_unusable: "{{service}} ({{where}}) cannot be used{{said}}", service_busy: "{{service}} is busy{{said}}", service_failed: "{{service}} answered with a fault{{said}}", service_silent: "{{service}} gave no answer{{said}}", service_broke: "{{service}} broke off{{said}}", service_broke_taking: "{{service}} broke off while it took the message{{said}}", service_refused: "{{service}} refused{{said}}", service_refused_us: "{{service}} did not take our name or key{{said}}",
    bad_address: "{{address}} is no e-mail address{{said}}", too_long: "the text makes {{count}} SMS, and at most {{most}} may be",
  },
};
