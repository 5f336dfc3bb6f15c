// The words of pushes to a browser: the same on the resident's page, the executor's telephone and the desk.

export const pushRu = {
  title: "Уведомления", tell: "Сообщать мне здесь", stop: "Не сообщать", on: "Новости придут сюда, даже когда страница закрыта.", off: "Браузер спросит разрешения.", again: "Включить снова",
  lost: "Браузер забыл об уведомлениях: включите их снова.", blocked: "Уведомления запрещены. Разрешите их в настройках браузера для этого сайта.", unable: "Этот браузер не показывает уведомлений.", insecure: "Уведомления работают только по защищённому адресу (https).",
  refused: "Браузер не смог включить уведомления. Проверьте связь и попробуйте ещё раз.",
};

export const pushEn: typeof pushRu = {
  title: "Notifications", tell: "Tell me here", stop: "Tell me no more", on: "News come here, even when the page is closed.", off: "The browser will ask your leave.", again: "Turn on again",
  lost: "The browser forgot the notifications: turn them on again.", blocked: "Notifications are forbidden. Allow them for this site in the browser's settings.", unable: "This browser shows no notifications.", insecure: "Notifications need a secure address (https).",
  refused: "The browser could not turn notifications on. Check the link and try again.",
};
