// The dialogue as a picture: a step is a card with its words, a line is a key. A step is chosen with a click or walked to with the arrows.

import { IconCircleCheck, IconHash, IconMessage, IconMicrophone, IconPhoneOff, IconKeyboard, type Icon } from "@tabler/icons-react";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { I } from "@/ui/pieces";
import { common, keysOf, labelAt, NODE, pathOf, pictureOf, type Line } from "./layout";
import { byKey, nameOf, type Step, type Way } from "./shapes";

const KIND: Record<string, Icon> = { say: IconMessage, key: IconKeyboard, digits: IconHash, record: IconMicrophone, end: IconPhoneOff };

export function Graph({ nodes, edges, language, at, wrong, visited, onPick }: {
  nodes: Step[]; edges: Way[]; language: "ru" | "en"; at: string; wrong: Set<string>; visited?: Set<string>; onPick: (id: string) => void;
}) {
  const { t, i18n } = useTranslation();
  const picture = useMemo(() => pictureOf(nodes, edges), [nodes, edges]);
  const everywhere = useMemo(() => common(nodes, edges), [nodes, edges]);
  const box = useRef<HTMLDivElement>(null);
  const reader = i18n.language === "en" ? "en" : "ru";
  useEffect(() => {
    box.current?.querySelector<HTMLElement>(`[data-step="${at}"]`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [at]);
  const words = (line: Line) => {
    const keys = keysOf(line.keys);
    const label = [...new Set(edges.filter((e) => e.from === line.from && e.to === line.to && e.label[reader]).map((e) => e.label[reader]))].join(", ");
    // Silence is a dashed line, and the words under the picture say so.
    const other = line.keys.filter((k) => k && k !== "silent" && !/^\d$/.test(k)).map((k) => t(`robot.script.way.${k}`, { defaultValue: k }));
    return { keys, text: [label !== keys && label, ...other].filter(Boolean).join(", ") };
  };
  const beside = (id: string) => edges.filter((e) => e.from === id && everywhere.has(e.to)).sort(byKey);
  return (
    <div ref={box} className="rbgraph" role="group" aria-label={t("robot.script.graph")} tabIndex={0}>
      <div className="rbcanvas" style={{ width: picture.width, height: picture.height }}>
        <svg width={picture.width} height={picture.height} aria-hidden>
          <defs><marker id="rbtip" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto"><path d="M0,0 L8,4 L0,8 z" className="rbtip" /></marker></defs>
          {picture.lines.map((l) => <path key={`${l.from} ${l.to}`} d={pathOf(l.points)} markerEnd="url(#rbtip)" className={`rbline ${l.keys.every((k) => k === "silent") ? "quiet" : ""} ${l.from === at || l.to === at ? "on" : ""}`} />)}
        </svg>
        {picture.lines.map((l) => {
          const { keys, text } = words(l);
          const spot = labelAt(l.points);
          return (keys || text) && <span key={`${l.from} ${l.to}`} className={l.from === at ? "rblabel on" : "rblabel"} style={{ left: spot.x, top: spot.y }}>{keys && <kbd className="key">{keys}</kbd>}{text && <span className="cut">{text}</span>}</span>;
        })}
        {nodes.map((n) => {
          const spot = picture.spots.get(n.id);
          if (!spot) return null;
          return (
            <button key={n.id} type="button" data-step={n.id} style={{ left: spot.x, top: spot.y, width: NODE.w, height: NODE.h }} aria-pressed={n.id === at}
              className={`rbnode of-${n.kind} ${n.id === at ? "on" : ""} ${wrong.has(n.id) ? "bad" : ""} ${visited?.has(n.id) ? "visited" : ""}`} onClick={() => onPick(n.id)}>
              <span className="rbnodehead"><I of={KIND[n.kind] ?? IconCircleCheck} size={15} /><b className="cut" title={nameOf(n, reader, n.id)}>{nameOf(n, reader, n.id)}</b>{n.start && <span className="chip accent">{t("robot.script.start")}</span>}{beside(n.id).map((e) => <kbd key={e.key} className="key calm" title={`${e.key}: ${e.label[reader] || nameOf(nodes.find((one) => one.id === e.to), reader, e.to)}`}>{e.key}</kbd>)}</span>
              <span className="rbnodetext" lang={language}>{n.say[language]}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
