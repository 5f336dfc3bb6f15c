// One's own password: the old, the new twice. Other sessions end with it; nobody else needs to know it.

import { IconAlertTriangle } from "@tabler/icons-react";
import { useId, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Failure, post } from "@/api/client";
import { Dialog } from "@/ui/dialog";
import { Btn, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

const SHORTEST = 8; // as the engine asks

export function Password({ login, onClose }: { login: string; onClose: () => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const id = useId();
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");

  const send = async (e: FormEvent) => {
    e.preventDefault();
    if (busy) return;
    if (!old) return setProblem(t("sign.oldNeeded"));
    if (fresh.length < SHORTEST) return setProblem(t("sign.short", { count: SHORTEST }));
    if (fresh !== again) return setProblem(t("sign.unlike"));
    setBusy(true);
    setProblem("");
    try {
      await post("/session/password", { old, new: fresh });
      say(t("sign.changed"));
      onClose();
    } catch (error) {
      const status = error instanceof Failure ? error.status : 0;
      setProblem(status === 422 ? t("sign.oldWrong") : status === 429 ? t("sign.many") : why(error));
      setBusy(false);
    }
  };
  const field = (name: string, value: string, set: (v: string) => void, fill: string) => (
    <div>
      <label htmlFor={`${id}${name}`} className="b s13">{t(`sign.${name}`)}</label>
      <div className="field"><input id={`${id}${name}`} type="password" autoComplete={fill} maxLength={200} value={value} onChange={(e) => set(e.target.value)} data-autofocus={name === "old" || undefined} /></div>
    </div>
  );
  return (
    <Dialog title={t("sign.change")} onClose={onClose} size={420}>
      <form className="col" style={{ gap: 10 }} onSubmit={(e) => void send(e)}>
        <input type="text" name="username" autoComplete="username" value={login} readOnly hidden />
        {field("old", old, setOld, "current-password")}
        {field("fresh", fresh, setFresh, "new-password")}
        {field("again", again, setAgain, "new-password")}
        <p className="t2 s12">{t("sign.changeLead")}</p>
        {problem && <p className="row danger s13" role="alert"><I of={IconAlertTriangle} />{problem}</p>}
        <div className="row"><button type="submit" className="btn primary main" disabled={busy}>{t("sign.change")}</button><Btn size="main" keys="Esc" onClick={onClose}>{t("common.cancel")}</Btn></div>
      </form>
    </Dialog>
  );
}
