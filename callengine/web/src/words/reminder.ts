// The words of reminders: what is late or forgotten, in the bell and in what stands on the screen until it is taken.

export const reminderRu = {
  title: "Напоминания", bell: "Напоминания", bellOf_one: "Напоминания: {{count}}", bellOf_few: "Напоминания: {{count}}", bellOf_many: "Напоминания: {{count}}", bellOf_other: "Напоминания: {{count}}", dangers: "опасных: {{count}}", failed: "Напоминания не загрузились",
  label: "Ждут вас", fold: "Свернуть напоминания", unfold: "Развернуть напоминания", several_one: "{{count}} напоминание", several_few: "{{count}} напоминания", several_many: "{{count}} напоминаний", several_other: "{{count}} напоминания", rest: "Ещё {{count}}, весь список", shown: "Показаны {{shown}} из {{count}}: сначала опасные и новые.",
  late: "просрочено на {{span}}", ago: "{{span}} назад", justNow: "только что", open: "Открыть", openOf: "Открыть заявку {{number}}", take: "Беру", takeOf: "Беру: заявка {{number}}, {{about}}", taken: "За вами: {{number}}. Ваше имя в истории заявки.",
  none: "Напоминаний нет", noneLead: "Что просрочено или забыто, встанет сюда и останется, пока кто-нибудь не возьмёт или не сделает нужный шаг.", plain: "заявка требует внимания",
  sound: "Звук в этом браузере", sounds: { none: "нет", danger: "опасные", all: "все" },
};

export const reminderEn: typeof reminderRu = {
  title: "Reminders", bell: "Reminders", bellOf_one: "Reminders: {{count}}", bellOf_few: "Reminders: {{count}}", bellOf_many: "Reminders: {{count}}", bellOf_other: "Reminders: {{count}}", dangers: "of danger: {{count}}", failed: "The reminders did not load",
  label: "Waiting for you", fold: "Fold the reminders", unfold: "Unfold the reminders", several_one: "{{count}} reminder", several_few: "{{count}} reminders", several_many: "{{count}} reminders", several_other: "{{count}} reminders", rest: "{{count}} more, the whole list", shown: "{{shown}} of {{count}} are shown: dangers and the newest first.",
  late: "{{span}} late", ago: "{{span}} ago", justNow: "just now", open: "Open", openOf: "Open ticket {{number}}", take: "I take it", takeOf: "I take it: ticket {{number}}, {{about}}", taken: "{{number}} is yours. Your name is in the ticket's history.",
  none: "No reminders", noneLead: "What is late or forgotten will stand here, and stays until somebody takes it or makes the move that it waits for.", plain: "the ticket needs a look",
  sound: "Sound in this browser", sounds: { none: "none", danger: "dangers", all: "all" },
};
