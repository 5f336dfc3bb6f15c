// F1: every key, and a switch for the single ones.

import { useTranslation } from "react-i18next";
import { useKeys, useSingleKeys } from "@/lib/keys";
import { Dialog } from "@/ui/dialog";
import { Keys } from "@/ui/pieces";

const ALWAYS: [string, string][] = [["F1", "f1"], ["F2", "f2"], ["⇧F2", "sf2"], ["F3", "f3"], ["⇧F3", "sf3"], ["F4", "f4"], ["⇧F4", "sf4"], ["F6", "f6"], ["F7", "f7"], ["⇧F7", "sf7"], ["F8", "f8"], ["F9", "f9"], ["⇧F9", "sf9"], ["F10", "f10"], ["Ctrl K", "ck"], ["Ctrl B", "cb"], ["Ctrl Enter", "ce"], ["Esc", "esc"]];

export function KeysHelp({ onClose, sandbox, leader }: { onClose: () => void; sandbox: boolean; leader: boolean }) {
  const { t } = useTranslation();
  const [single, setSingle] = useSingleKeys();
  useKeys({ F1: onClose }, { modal: true });
  const outside: [string, string][] = [["1 9", "digits"], ["↑ ↓ Enter", "arrows"], ["/", "slash"], ["C", "c"], ...(sandbox ? [["D", "d"] as [string, string]] : []), ["E", "e"], ["O", "o"], [t("key.space"), "space"], ["← →", "seek"], ["[ ]", "speed"], ...(leader ? [["M", "m"] as [string, string]] : [])];
  const board: [string, string][] = [[t("key.space"), "choose"], ["⇧↑ ⇧↓", "range"], ["Ctrl A", "allRows"], ["A", "a"], ["X", "x"]];
  const list = (title: string, items: [string, string][]) => (
    <section className="col" style={{ gap: 6 }}>
      <h3 className="t2 s12 b">{title}</h3>
      {items.map(([key, word]) => <div key={key} className="row s13"><span style={{ width: 104, flex: "none" }}><Keys of={key} calm /></span>{t(`keys.${word}`)}</div>)}
    </section>
  );
  return (
    <Dialog title={t("key.title")} onClose={onClose} size={660}>
      <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", gap: 24 }}>{list(t("key.always"), ALWAYS)}<div className="col" style={{ gap: 16 }}>{list(t("key.outside"), outside)}{leader && list(t("key.board"), board)}</div></div>
      <label className="row s13" style={{ marginTop: 16 }}><input type="checkbox" checked={single} onChange={(e) => setSingle(e.target.checked)} />{t("key.single")}</label>
    </Dialog>
  );
}
