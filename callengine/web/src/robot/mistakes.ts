// The engine's own sentences (what is wrong with a dialogue, why an attempt of the robot came to nothing) in the reader's words. Pure but for the words.

import { useTranslation } from "react-i18next";

/** A sentence of the engine, and its name among our words; `language` is a code of one. */
const KNOWN: [RegExp, string][] = [
  // a dialogue (menus/script.py)
  [/^there is no field (?<field>\{.*?\}); write one of (?<fields>.*)$/, "field"], [/^the text in '(?<language>\w+)' is missing$/, "missing"],
  [/^the text in '(?<language>\w+)' has (?<size>\d+) characters, more than (?<most>\d+)$/, "long"], [/^a bracket in '(?<language>\w+)' is not closed$/, "bracket"],
  [/^key (?<key>\d) leads to '(?<to>.*)', and there is no such step$/, "keyNowhere"], [/^\w+ leads to '(?<to>.*)', and there is no such step$/, "nowhere"],
  [/^next is missing/, "noNext"], [/^key 0 must lead to an operator$/, "noOperator"], [/^key 0 must lead to an end/, "operatorEnd"], [/^there is no key to press$/, "noKeys"],
  [/^a mark needs the keys 1 to 5$/, "markKeys"], [/^no way leads here$/, "unreached"], [/^a loop without a way out/, "loop"], [/^a loop without a question/, "speaks"],
  [/^the lowest number (?<low>\S+) is above the highest (?<high>\S+)$/, "lowest"], [/^digits are 1 to (?<most>\d+)$/, "digits"], [/^a script has 1 to (?<most>\d+) steps$/, "steps"],
  [/^tries are 1 to 5/, "tries"], [/^there is no step '(?<to>.*)' to start from$/, "noStart"], [/^a step is named by/, "id"], [/^there is no such step$/, "noStep"], [/^the title in '(?<language>\w+)' has more than (?<most>\d+) characters$/, "longTitle"],
  // a campaign that is asked for (outreach/campaigns.py, choice.py, texts.py)
  [/^ratings are about tickets/, "ratingNumbers"], [/^say which tickets this campaign waits for/, "ratingChoice"], [/^say from when to when the tickets were registered$/, "choiceWhen"], [/^after since, and at most (?<days>\d+) days later$/, "choiceUntil"], [/^it has more than (?<most>\d+) tickets/, "choiceMany"],
  [/^each once of call, sms, push$|^List should have at least 1 item/, "oneChannel"], [/^(?<channel>sms|push) is not configured here/, "noChannel"], [/^say in at most (?<most>\d+) characters what is cut off$/, "textWhat"], [/^the message names the address$/, "textAddress"], [/^the message says until when/, "textUntil"],
  // an attempt of the robot (outreach/service.py, dialer.py, pbx/originate.py)
  [/^halted or paused$/, "halted"], [/^withdrawn$/, "withdrawn"], [/^opted out$/, "optedOut"], [/^the lines are wanted by callers$/, "lines"], [/^planned, and never sent$/, "neverSent"], [/^the engine stopped before it was sent$/, "neverSent"],
  [/^the \S+ phone cannot be reached/, "unreachable"], [/^the \S+ phone hung up$/, "hungUp"], [/^the \S+ phone did not answer$/, "noAnswer"], [/^the \S+ phone is busy$/, "busy"], [/^not answered(?: \(reason (?<code>.*)\))?$/, "notAnswered"],
];

export type Say = (key: string, values?: Record<string, unknown>) => string;

/** What is not known stands as the engine said it. */
export function inWords(problem: string, t: Say, nameOf: (step: string) => string = (step) => step): string {
  for (const [shape, word] of KNOWN) {
    const found = shape.exec(problem);
    if (!found) continue;
    const it = found.groups ?? {};
    const values: Record<string, unknown> = { ...it };
    if (it.language) values.language = t(`robot.language.${it.language}`);
    if (it.to !== undefined) values.to = nameOf(it.to);
    if (it.channel) values.channel = t(`robot.notice.channels.${it.channel}`, { defaultValue: it.channel });
    if ("code" in it) values.code = it.code ? ` (${it.code})` : "";
    return t(`robot.mistake.${word}`, values);
  }
  return problem;
}

export function useInWords(nameOf?: (step: string) => string): (problem: string) => string {
  const { t } = useTranslation();
  return (problem) => inWords(problem, t as Say, nameOf);
}

interface Refusal { errors?: Record<string, unknown>[] }

/** The engine's mistakes by the field they are at ("hours", "spacing/busy"): by its own sentence where we know it, else by our words for that field. */
export function mistakesOf(problem: Refusal, t: Say): Record<string, string> {
  const found: Record<string, string> = {};
  for (const one of problem.errors ?? []) {
    const at = String(one.pointer ?? "").replace(/^#?\//, "");
    const detail = String(one.detail ?? "");
    const field = at.split("/")[0] ?? "";
    const known = inWords(detail, t);
    found[at] = known !== detail ? known : t(`robot.form.wrong.${field}`, { defaultValue: detail });
    // What the engine adds about this very case is kept where our words cannot say it.
    if (field === "job" && known === detail) found[at] += `: ${detail}`;
  }
  return found;
}
