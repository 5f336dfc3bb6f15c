// The gate: a name and a password; in the sandbox the sample accounts stand beside it, one click each.

import { IconAlertTriangle, IconEye, IconEyeOff, IconFlask, IconHeadset, IconBuilding, IconTool, IconAdjustmentsHorizontal, IconUsersGroup, IconPlugConnected, IconPlugConnectedX, IconMoon, IconSun, IconEyeCheck, type Icon } from "@tabler/icons-react";
import { useMantineColorScheme, useComputedColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Failure, get, post } from "@/api/client";
import type { Health, Me, SampleAccount, SignInHints } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { hm } from "@/lib/time";
import { queries } from "@/session";
import { Btn, I, Keys, Toggles, useWhy } from "@/ui/pieces";
import { setLanguage, type Language } from "@/words";

const PICTURES: Record<string, Icon> = { operator: IconHeadset, supervisor: IconUsersGroup, administrator: IconAdjustmentsHorizontal, organisation_manager: IconBuilding, executor: IconTool, inspector: IconEyeCheck };

export function SignIn({ hints }: { hints: SignInHints | undefined }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const passwordField = useRef<HTMLInputElement>(null);
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const accounts = hints?.sandbox ? hints.accounts : [];
  const samePassword = accounts.length > 0 && accounts.every((a) => a.password === accounts[0]!.password);

  const enter = async (name: string, secret: string) => {
    if (busy) return;
    if (!name || !secret) return setProblem(t("sign.needed"));
    setBusy(true);
    setProblem("");
    try {
      queries.setQueryData(["me"], await post<Me>("/session", { login: name, password: secret }));
    } catch (error) {
      const status = error instanceof Failure ? error.status : 0;
      setProblem(status === 401 || status === 403 ? t("sign.wrong") : status === 429 ? t("sign.many") : why(error));
      passwordField.current?.select();
    } finally {
      setBusy(false);
    }
  };
  const fill = (account: SampleAccount) => {
    setLogin(account.login);
    setPassword(account.password);
    void enter(account.login, account.password);
  };
  useKeys(Object.fromEntries(accounts.slice(0, 9).map((a, i) => [`Digit${i + 1}`, () => fill(a)])));

  return (
    <div className="gate">
      <header>
        <img src="/icon.svg" alt="" />
        <span className="grow">{t("app")}</span>
        <Btn icon={dark ? IconSun : IconMoon} onClick={() => setColorScheme(dark ? "light" : "dark")}>{dark ? t("rail.toDay") : t("rail.toNight")}</Btn>
        <Toggles label={t("sign.language")} value={i18n.language} onChange={(l) => setLanguage(l as Language)} options={[["ru", "Русский"], ["en", "English"]]} />
      </header>
      <main className={accounts.length ? "" : "alone"}>
        <form className="card" onSubmit={(e: FormEvent) => { e.preventDefault(); void enter(login.trim(), password); }}>
          <div><h1>{t("sign.title")}</h1><p className="t2 s13">{t("sign.lead")}</p></div>
          <div>
            <label htmlFor="login">{t("sign.login")}</label>
            <div className="field" style={{ minHeight: 42 }}><input id="login" name="login" autoComplete="username" autoFocus value={login} onChange={(e) => setLogin(e.target.value)} /></div>
          </div>
          <div>
            <label htmlFor="password">{t("sign.password")}</label>
            <div className="field" style={{ minHeight: 42 }}>
              <input id="password" name="password" ref={passwordField} type={shown ? "text" : "password"} autoComplete="current-password" value={password} onChange={(e) => setPassword(e.target.value)} />
              <button type="button" className="btn link" aria-pressed={shown} aria-label={t("sign.password")} onClick={() => setShown(!shown)}><I of={shown ? IconEyeOff : IconEye} /></button>
            </div>
          </div>
          {problem && <p className="row danger s13" role="alert"><I of={IconAlertTriangle} />{problem}</p>}
          <button type="submit" className="btn primary main" disabled={busy}>{t("sign.enter")}<Keys of="Enter" /></button>
          <Line />
        </form>
        {accounts.length > 0 && (
          <section aria-label={t("sign.sandbox")} className="col" style={{ gap: 8 }}>
            <div className="row" style={{ alignItems: "flex-start", gap: 12, marginBottom: 4 }}>
              <span className="chip soon" style={{ width: 36, height: 36, justifyContent: "center", padding: 0, borderRadius: 6 }}><I of={IconFlask} size={20} /></span>
              <div>
                <h2 style={{ fontWeight: 600, fontSize: 16, lineHeight: "22px" }}>{t("sign.sandbox")}</h2>
                <p className="t2 s13">{t("sign.sandboxLead")}</p>
                {samePassword && <p className="t2 s13">{t("sign.onePassword")} <b>{accounts[0]!.password}</b></p>}
              </div>
            </div>
            {accounts.map((a, i) => (
              <button key={a.login} type="button" className="account" onClick={() => fill(a)} disabled={busy}>
                <span className="pic"><I of={PICTURES[a.role] ?? IconHeadset} /></span>
                <span className="cut"><b>{a.name || a.login}</b> <span className="t2 s13">{t(`role.${a.role}`)}</span></span>
                <span className="btn small" style={{ gridRow: "span 2" }}>{t("sign.enter")}{i < 9 && <Keys of={String(i + 1)} />}</span>
                <span className="t3 s12 cut">{a.login}{samePassword ? "" : ` · ${a.password}`} · {t(`roleDoes.${a.role}`)}</span>
              </button>
            ))}
            <p className="t3 s12">{t("sign.notInWork")}</p>
          </section>
        )}
      </main>
    </div>
  );
}

function Line() {
  const { t } = useTranslation();
  const health = useQuery({ queryKey: ["hints", "health"], queryFn: () => get<Health>("/health"), refetchInterval: 5000 });
  const pbx = health.data?.pbx ?? [];
  const up = pbx.filter((p) => p.state === "up");
  if (!health.data) return <p className="s12" style={{ height: 16 }} />;
  const good = pbx.length > 0 && up.length === pbx.length;
  return <p className={`row s12 ${good ? "t2" : "danger"}`}><I of={good ? IconPlugConnected : IconPlugConnectedX} size={16} className={good ? "done" : ""} />{good ? t("sign.pbxUp", { time: hm(up[0]!.since) }) : t("sign.pbxDown")}</p>;
}
