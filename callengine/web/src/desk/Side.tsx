// Beside the form: by when, who answers, and why; counted anew as the answers come.

import { IconCash, IconDropletOff, IconMailForward, IconTool, IconUserCheck, type Icon } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { PreviewClock, RoutingPreview } from "@/api/types";
import { useNow } from "@/lib/clock";
import { phone } from "@/lib/phone";
import { until } from "@/lib/time";
import { Bones, Failed, I, Keys, Urgency } from "@/ui/pieces";
import type { PreviewQuery } from "./preview";
import { SayCard } from "./Say";

const TERM_WORDS: Record<PreviewClock["name"], [string, Icon]> = {
  accept: ["form.accept", IconUserCheck], localise: ["form.localise", IconDropletOff], fix: ["form.fix", IconTool], interim: ["ticket.clock.interim", IconMailForward], paid: ["ticketForm.paidTerm", IconCash],
};

interface SideProps {
  preview: PreviewQuery;
  on: boolean;
  organisationId: number | null;
  refused: string;
  given: boolean;
  onGiven: (given: boolean) => void;
  onChoose: (id: number) => void;
}

export function Side({ preview, on, organisationId, refused, given, onGiven, onChoose }: SideProps) {
  const p = on && !preview.isError ? preview.data : undefined;
  const chosen = organisationId ?? p?.organisation?.id ?? null;
  return (
    <div className="side" tabIndex={0} role="group" aria-labelledby="terms">
      {p && <SayCard referral={p.referral} answer={p.answer} spoken={settles(p, organisationId)} given={given} onGiven={onGiven} />}
      <Terms preview={preview} p={p} on={on} />
      <Answers preview={preview} p={p} on={on} chosen={chosen} refused={refused} onChoose={onChoose} />
    </div>
  );
}

/** The centre settles it in the call itself: nobody else is asked. */
export const settles = (p: RoutingPreview, organisationId: number | null): boolean => p.spoken && p.organisation === null && organisationId === null;

function Terms({ preview, p, on }: { preview: PreviewQuery; p: RoutingPreview | undefined; on: boolean }) {
  const { t } = useTranslation();
  const now = useNow();
  return (
    <section className="card" aria-labelledby="terms" aria-busy={on && preview.isFetching}>
      <header><h2 id="terms">{t("form.terms")}</h2>{p && <Urgency of={p.urgency} word />}<span className="end t3 s12 ifnow">{t(on && preview.isPlaceholderData ? "ticketForm.counting" : "form.ifNow")}</span></header>
      <div style={{ padding: "0 16px 12px" }}>
        {!on && <p className="t3 s12">{t("form.needBoth")}</p>}
        {on && preview.isPending && <Bones count={3} height={36} />}
        {on && preview.isError && <Failed error={preview.error} again={() => void preview.refetch()} />}
        {p?.clocks.map((c) => {
          const [word, picture] = TERM_WORDS[c.name];
          return (
            <div key={c.name} className="term">
              <div className="row wrap"><I of={picture} size={16} className="t3" /><b className="s13">{t(word)}</b><span className="chip accent end b">{t("form.by", { time: until(c.due_at, now) })}</span></div>
              {c.why && <p className="why"><span>{t("form.why")}</span><span>{c.why}</span></p>}
            </div>
          );
        })}
        {p && p.clocks.length === 0 && <p className="t2 s12">{p.deadlines.why || t("form.noTerm")}</p>}
      </div>
    </section>
  );
}

function Answers({ preview, p, on, chosen, refused, onChoose }: { preview: PreviewQuery; p: RoutingPreview | undefined; on: boolean; chosen: number | null; refused: string; onChoose: (id: number) => void }) {
  const { t } = useTranslation();
  const nobody = p && !p.organisation;
  return (
    <section className="card" aria-labelledby="who-answers">
      <header><h2 id="who-answers">{t("form.answers")}</h2>{(p?.candidates.length ?? 0) > 1 && <span className="end t3 s12">{t("form.answersKeys")}</span>}</header>
      <div style={{ padding: "0 16px 16px" }}>
        {!on && <p className="t3 s12">{t("form.needBoth")}</p>}
        {on && preview.isPending && <Bones count={2} height={52} />}
        {refused && <p className="danger s12" role="alert" style={{ marginBottom: 8 }}>{refused}</p>}
        {nobody && <div className="col" style={{ marginBottom: p.candidates.length ? 10 : 0 }}><p className={p.spoken ? "chip accent tag" : "chip soon tag"}>{t(p.spoken ? "ticketForm.spoken" : "ticketForm.nobody")}</p>{p.possible && p.reason && <p className="why"><span>{t("form.why")}</span><span>{p.reason}</span></p>}</div>}
        {p && p.candidates.length > 0 && (
          <div className="col" role="radiogroup" aria-labelledby="who-answers" style={{ gap: 8 }}>
            {p.candidates.map((c, i) => (
              <button key={c.organisation.id} type="button" role="radio" aria-checked={c.organisation.id === chosen} className={c.organisation.id === chosen ? "person on" : "person"} onClick={() => onChoose(c.organisation.id)}>
                <span className="dot" aria-hidden /><span className="b s13">{c.organisation.name}</span>{i < 9 && <Keys of={String(i + 1)} calm />}
                <span className="rest"><span className="why"><span>{t("form.why")}</span><span>{c.organisation.id === p.organisation?.id && p.possible && p.reason ? p.reason : c.reason}</span></span>{c.organisation.phone && <span className="t2 s12">{phone(c.organisation.phone)}</span>}</span>
              </button>
            ))}
          </div>
        )}
      </div>
    </section>
  );
}
