// The two languages; the reader's choice is kept on this machine.

import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { speakTime } from "@/lib/time";
import { en } from "./en";
import { ru } from "./ru";

const KEPT = "callengine.language";
export type Language = "ru" | "en";
let zone = "Europe/Moscow";

void i18next.use(initReactI18next).init({
  resources: { ru: { translation: ru }, en: { translation: en } },
  lng: localStorage.getItem(KEPT) ?? "ru",
  fallbackLng: "ru",
  interpolation: { escapeValue: false },
  returnNull: false,
  // The resources are ours and at hand: no page is painted before its words.
  initAsync: false,
});

function apply(language: string): void {
  document.documentElement.lang = language;
  speakTime(zone, language);
}

apply(i18next.language);

export const t = i18next.t.bind(i18next);

export function setLanguage(language: Language): void {
  localStorage.setItem(KEPT, language);
  apply(language);
  void i18next.changeLanguage(language);
}

/** The service's own language, until the reader chose one. */
export function suggestLanguage(language: string, timeZone: string): void {
  zone = timeZone;
  apply(i18next.language);
  if (localStorage.getItem(KEPT) === null && (language === "ru" || language === "en") && language !== i18next.language) {
    apply(language);
    void i18next.changeLanguage(language);
  }
}
