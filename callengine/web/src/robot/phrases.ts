// The words around the questions of a survey, in the language in which it is spoken.

import { useTranslation } from "react-i18next";
import type { Phrases } from "./survey";

export function usePhrases(): (language: string) => Phrases {
  const { i18n } = useTranslation();
  return (language) => {
    const words = i18n.getFixedT(language);
    return {
      begin: words("robot.form.begin"), thanks: words("robot.form.thanks"), bye: words("robot.form.bye"), operator: words("robot.form.operator"), sorry: words("robot.form.sorry"), never: words("robot.form.never"), wrong: words("robot.form.wrongKey"),
      press: (label: string, key: number) => words("robot.form.pressFor", { label, key }),
    };
  };
}
