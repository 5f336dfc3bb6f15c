// Which page stands: the gate, or the frame with a room in it.

import { useEffect } from "react";
import { useQuery } from "@tanstack/react-query";
import { Admin, sectionsOf } from "@/admin/Admin";
import { Failure, get } from "@/api/client";
import type { Me, SignInHints } from "@/api/types";
import { Calls } from "@/calls/Calls";
import { Callbacks } from "@/callbacks/Callbacks";
import { Desk } from "@/desk/Desk";
import { Houses } from "@/houses/Houses";
import { go, useRoute } from "@/lib/route";
import { Organisation } from "@/organisation/Organisation";
import { listen, queries, useMe } from "@/session";
import { Resident } from "@/resident/Resident";
import { Robot } from "@/robot/Robot";
import { Frame } from "@/shell/Frame";
import { isReminded, Reminded } from "@/shell/Reminders";
import { SignIn } from "@/signin/SignIn";
import { Work } from "@/executor/Work";
import { TicketPage } from "@/tickets/TicketPage";
import { Tickets } from "@/tickets/Tickets";
import { Failed } from "@/ui/pieces";
import { Toasts } from "@/ui/toasts";
import { suggestLanguage } from "@/words";

export type Room = "desk" | "calls" | "callbacks" | "tickets" | "houses" | "robot" | "organisation" | "admin";

const CENTRE: Room[] = ["desk", "calls", "callbacks", "tickets", "houses", "robot"];

function roomsOf(me: Me): Room[] {
  if (["operator", "supervisor", "administrator"].includes(me.role)) return sectionsOf(me).length ? [...CENTRE, "admin"] : CENTRE;
  return me.role === "organisation_manager" ? ["organisation", "tickets", "admin"] : me.role === "inspector" ? ["tickets", "callbacks"] : ["tickets"];
}

const homeOf = (me: Me): Room => (me.role === "operator" ? "desk" : me.role === "supervisor" || me.role === "administrator" ? "callbacks" : me.role === "organisation_manager" ? "organisation" : "tickets");

export function App() {
  const { room, id } = useRoute();
  const hints = useQuery({ queryKey: ["hints"], queryFn: () => get<SignInHints>("/session/hints"), staleTime: Infinity });
  useEffect(() => {
    if (hints.data) suggestLanguage(hints.data.language, hints.data.timezone);
  }, [hints.data]);
  // A resident's link opens his ticket without the gate.
  return room === "r" ? <Resident token={id} /> : <Gate hints={hints.data} />;
}

function Gate({ hints }: { hints: SignInHints | undefined }) {
  const me = useMe();
  useEffect(
    () =>
      queries.getQueryCache().subscribe((event) => {
        // A session that ran out anywhere leads back to the gate.
        const error = event.type === "updated" && event.action.type === "error" ? event.action.error : null;
        if (error instanceof Failure && error.status === 401 && event.query.queryKey[0] !== "me" && queries.getQueryData(["me"])) queries.setQueryData(["me"], null);
      }),
    [],
  );
  const refused = me.error instanceof Failure && me.error.status === 401;
  if (me.isPending) return null;
  if (me.isError && !refused) return <main style={{ height: "100%" }}><Failed error={me.error} again={() => void me.refetch()} /></main>;
  if (!me.data || refused) return <><SignIn hints={hints} /><Toasts /></>;
  return me.data.role === "executor" ? <AtWork me={me.data} /> : <SignedIn me={me.data} />;
}

/** An executor has one room, made for a telephone, without the frame of the desk. */
function AtWork({ me }: { me: Me }) {
  const { room, id } = useRoute();
  useEffect(() => {
    if (room !== "work") go("/work", { replace: true });
  }, [room]);
  useEffect(() => listen(me), [me.id]);
  return <><Work me={me} number={room === "work" ? id : ""} /><Toasts><Reminded me={me} /></Toasts></>;
}

function SignedIn({ me }: { me: Me }) {
  const { room, id, rest, query } = useRoute();
  const rooms = roomsOf(me);
  const here = rooms.includes(room as Room) ? (room as Room) : null;
  useEffect(() => {
    if (!here) go(`/${homeOf(me)}`, { replace: true });
  }, [here, me]);
  useEffect(() => listen(me), [me.id, me.extension]);
  return (
    <>
      <Frame me={me} room={here ?? homeOf(me)} rooms={rooms}>
        {here === "desk" && <Desk me={me} />}
        {here === "calls" && <Calls me={me} query={query} />}
        {here === "callbacks" && <Callbacks me={me} query={query} />}
        {here === "tickets" && (id ? <TicketPage me={me} number={id} /> : <Tickets me={me} query={query} />)}
        {here === "organisation" && <Organisation me={me} query={query} />}
        {here === "houses" && <Houses me={me} id={id} rest={rest} />}
        {here === "robot" && <Robot me={me} id={id} rest={rest} query={query} />}
        {here === "admin" && <Admin me={me} id={id} rest={rest} query={query} />}
      </Frame>
      <Toasts>{isReminded(me) && <Reminded me={me} />}</Toasts>
    </>
  );
}
