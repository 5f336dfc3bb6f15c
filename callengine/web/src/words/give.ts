// The words of giving a call to another: at once, or warmly, when the operator speaks with the third party first.

export const giveRu = {
  warm: "Сначала поговорить", blind: "Отдать сразу", warmLead: "Житель слышит музыку, пока вы говорите. Потом вы их соедините или вернётесь к нему.",
  services: "Экстренные службы", known: "Сотрудники и организации",
  asked: "Соединяемся: {{to}}", unknown: "Связь с АТС оборвалась: посмотрите на телефон", ringing: "Звоним: {{to}}", talking: "Вы говорите: {{to}}", joined: "На линии трое: вы, житель и {{to}}", music: "житель слышит музыку",
  complete: "Соединить и выйти", leave: "Выйти", join: "Втроём", back: "Вернуть жителя", begun: "Звоним {{to}}: житель ждёт, говорите первым", done: "Житель и {{to}} на линии вдвоём",
  failed: { busy: "{{to}}: занято. Житель снова с вами", no_answer: "{{to}}: не отвечает. Житель снова с вами", rejected: "{{to}}: отклонили. Житель снова с вами", unreachable: "{{to}}: не дозвониться. Житель снова с вами", cancelled: "{{to}}: звонок прерван. Житель снова с вами", not_taken: "{{to}}: АТС не начала перевод. Житель с вами", ended: "{{to}}: положили трубку. Житель снова с вами" },
};

export const giveEn: typeof giveRu = {
  warm: "Speak first", blind: "Give at once", warmLead: "The resident hears music while you speak. Then you join them, or go back to him.",
  services: "Emergency services", known: "Colleagues and organisations",
  asked: "Connecting to {{to}}", unknown: "The link to the PBX broke: look at your telephone", ringing: "Ringing {{to}}", talking: "You talk with {{to}}", joined: "Three on the line: you, the resident and {{to}}", music: "the resident hears music",
  complete: "Join and leave", leave: "Leave", join: "All three", back: "Take him back", begun: "Ringing {{to}}: the resident waits, you speak first", done: "The resident and {{to}} are together",
  failed: { busy: "{{to}}: busy. The resident is with you again", no_answer: "{{to}}: no answer. The resident is with you again", rejected: "{{to}}: declined. The resident is with you again", unreachable: "{{to}}: cannot be reached. The resident is with you again", cancelled: "{{to}}: the ringing was cut off. The resident is with you again", not_taken: "{{to}}: the PBX did not begin the transfer. The resident is with you", ended: "{{to}}: hung up. The resident is with you again" },
};
