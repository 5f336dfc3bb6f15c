// How somebody is told of his tickets: on his card, on the desk's form, on a ticket, on the resident's own page.

export const wayRu = {
  title: "Как сообщать", label: "Как сообщать заявителю", of: { asEver: "как принято", none: "не сообщать", sms: "SMS", push: "в браузер", call: "звонок робота", email: "письмо" },
  email: "Адрес для писем", needEmail: "Напишите адрес, например anna@mail.ru", byCard: "как в карточке: {{way}}", notHere: "{{way}} (сейчас не настроено)",
  noneLead: "Об опасном сообщат всё равно.", pushLead: "Если браузер не подписан, сообщат как принято.", change: "Изменить", dialog: "Как сообщать: заявка {{number}}", save: "Сохранить", saved: "Как сообщать: {{way}}",
  yours: "Как вам сообщать", yoursLead: "О ходе этой заявки.", yoursOf: { asEver: "Как принято у службы", none: "Не сообщать", sms: "SMS", push: "Уведомление в браузере", call: "Звонок робота", email: "Письмо на почту" }, keepEmail: "Письма идут на {{email}}", yoursSaved: "Записано.",
};

export const wayEn: typeof wayRu = {
  title: "How to tell", label: "How to tell the applicant", of: { asEver: "as usual", none: "tell nothing", sms: "SMS", push: "in the browser", call: "a call of the robot", email: "e-mail" },
  email: "E-mail address", needEmail: "Write the address, such as anna@mail.com", byCard: "as on the card: {{way}}", notHere: "{{way}} (not set up now)",
  noneLead: "What is dangerous is told all the same.", pushLead: "Without a subscribed browser he is told as usual.", change: "Change", dialog: "How to tell: ticket {{number}}", save: "Save", saved: "How to tell: {{way}}",
  yours: "How to tell you", yoursLead: "Of what happens to this ticket.", yoursOf: { asEver: "As the service does", none: "Tell me nothing", sms: "SMS", push: "A notice in the browser", call: "A call of the robot", email: "An e-mail" }, keepEmail: "Letters go to {{email}}", yoursSaved: "It is kept.",
};
