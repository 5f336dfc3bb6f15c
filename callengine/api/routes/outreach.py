"""The voice robot: campaigns with their results, marks by telephone, opt-outs, the kill switch, dialogues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from aiohttp import web

from callengine.access.model import CAMPAIGNS, DESK, EXECUTOR, LEADERS, MANAGER
from callengine.api import outreach_shapes as shapes
from callengine.api.campaign_news import progress_of
from callengine.api.core import Ask, Routes, clear, opaque
from callengine.api.render import recording_ref
from callengine.api.schemas import Page, RecordingRef
from callengine.menus.outcome import Outcome, Proof, Spoken
from callengine.menus.script import Kind, graph
from callengine.outreach import surveys
from callengine.outreach.campaigns import Left, NewCampaign, Progress
from callengine.outreach.choice import Choice
from callengine.outreach.choice import from_raw as choice_of
from callengine.outreach.model import CallKind, Campaign, OptOut, OutreachAttempt, OutreachCall
from callengine.outreach.ratings import Figures, Row, Sees
from callengine.outreach.scripts import EditedScript
from callengine.store import recordings as recording_rows
from callengine.store.callbacks import ticket_numbers
from callengine.store.ratings import SAID, Rating, Wanted
from callengine.tickets.visibility import scope_of

routes = Routes("outreach")


# --- campaigns ------------------------------------------------------------------------------------------------


@routes.get("/campaigns", roles=CAMPAIGNS, summary="The robot's campaigns, newest first, each with how it stands")
async def list_campaigns(ask: Ask[None, shapes.CampaignsList]) -> Page[shapes.Campaign]:
    asked = ask.query
    found, cursor = await ask.services.campaigns.find(
        state=asked.state, kind=asked.kind, limit=asked.limit, cursor=clear(asked.cursor)
    )
    progress = await ask.services.campaigns.progress([one.id for one in found])
    return Page(items=[_campaign(one, progress[one.id]) for one in found], next=opaque(cursor))


@routes.post("/campaigns", roles=LEADERS, summary="Make a campaign; it calls from then on", status=201)
async def create_campaign(ask: Ask[shapes.NewCampaign, None]) -> shapes.CampaignMade:
    made = await ask.services.campaigns.create(_wish(ask.body), ask.who.name, ask.who.staff_id)
    return shapes.CampaignMade(
        campaign=await _shown(ask, made.campaign),
        calls=made.calls,
        texts=made.texts,
        left_out=_left(made.left),
    )


@routes.post("/campaigns/preview", roles=LEADERS, summary="What a campaign would do: whom it calls, nothing is written")
async def preview_campaign(ask: Ask[shapes.NewCampaign, None]) -> shapes.CampaignPreview:
    found = await ask.services.campaigns.preview(_wish(ask.body))
    return shapes.CampaignPreview(
        calls=found.calls,
        tickets=found.tickets,
        capped=found.capped,
        left_out=_left(found.left),
        left_out_count=len(found.left),
        attempts=found.attempts,
        spacing=dict(found.spacing),
        hours=found.hours,
        days=found.days,
        texted=found.texted,
    )


def _left(left: Sequence[Left]) -> list[shapes.NotCalled]:
    return [shapes.NotCalled(number=one.number, why=one.why) for one in left[:1000]]


def _wish(form: shapes.NewCampaign) -> NewCampaign:
    chosen = form.choice
    return NewCampaign(
        kind=CallKind(form.kind),
        name=form.name,
        numbers=form.numbers,
        house_ids=form.house_ids,
        job=form.job,
        dialogue=form.dialogue,
        language=form.language,
        zone=form.zone,
        hours=form.hours,
        days=form.days,
        most_lines=form.lines,
        most_attempts=form.attempts,
        begins_at=form.begins_at,
        ends_at=form.ends_at,
        choice=Choice(
            classifier=chosen.classifier,
            organisation_id=chosen.organisation_id,
            district=chosen.district,
            house_ids=tuple(chosen.house_ids),
            urgency=tuple(chosen.urgency),
            paid=chosen.paid,
            status=tuple(chosen.status),
            since=chosen.since,
            until=chosen.until,
            others=chosen.others,
        )
        if chosen
        else Choice(),
        spacing={str(name): seconds for name, seconds in form.spacing.items()},
        channels=tuple(form.channels),
        text=form.text,
        danger=form.danger,
    )


@routes.get("/campaigns/{id:int}", roles=CAMPAIGNS, summary="One campaign and how it stands")
async def get_campaign(ask: Ask[None, None]) -> shapes.Campaign:
    return await _shown(ask, await ask.services.campaigns.get(ask.id))


@routes.post("/campaigns/{id:int}/pause", roles=LEADERS, summary="It begins no call from this moment on")
async def pause_campaign(ask: Ask[None, None]) -> shapes.Campaign:
    return await _shown(ask, await ask.services.campaigns.pause(ask.id, ask.who.name))


@routes.post("/campaigns/{id:int}/resume", roles=LEADERS, summary="It goes on")
async def resume_campaign(ask: Ask[None, None]) -> shapes.Campaign:
    return await _shown(ask, await ask.services.campaigns.resume(ask.id, ask.who.name))


@routes.post("/campaigns/{id:int}/stop", roles=LEADERS, summary="For good: who was not called yet never is")
async def stop_campaign(ask: Ask[None, None]) -> shapes.Campaign:
    return await _shown(ask, await ask.services.campaigns.stop(ask.id, ask.who.name))


@routes.get("/campaigns/{id:int}/calls", roles=CAMPAIGNS, summary="Its calls with every attempt")
async def list_campaign_calls(ask: Ask[None, shapes.CampaignCallsList]) -> Page[shapes.CampaignCall]:
    asked = ask.query
    found, attempts, cursor = await ask.services.campaigns.calls(
        ask.id, state=asked.state, result=asked.result, limit=asked.limit, cursor=clear(asked.cursor)
    )
    async with ask.services.store.read() as conn:
        numbers = await ticket_numbers(conn, [call.ticket_id for call in found])
    recordings = await _recordings(ask, [one for tries in attempts.values() for one in tries])
    return Page(items=[_call(one, attempts[one.id], numbers, recordings) for one in found], next=opaque(cursor))


@routes.get("/campaigns/{id:int}/results", roles=CAMPAIGNS, summary="What it came to: response rate beside the mean")
async def get_campaign_results(ask: Ask[None, None]) -> shapes.CampaignResults:
    found = await ask.services.campaigns.results(ask.id)
    return shapes.CampaignResults(
        campaign=_campaign(found.campaign, found.progress),
        answers=[_answers(found.campaign, step, one) for step, one in _in_order(found.campaign, found.answers)],
    )


RATED = DESK | {MANAGER, EXECUTOR}


@routes.get("/ratings", roles=RATED, summary="Marks by telephone, newest first, with call, recording and certainty")
async def list_ratings(ask: Ask[None, shapes.RatingsList]) -> Page[shapes.Rating]:
    asked = ask.query
    wanted = replace(_wanted(asked), mark=asked.mark, result=asked.result, answered=asked.answered)
    found, cursor = await ask.services.ratings.find(wanted, _sees(ask), limit=asked.limit, cursor=clear(asked.cursor))
    attempts = [one.attempt for one in found] if ask.who.role in DESK else []
    recordings = await _recordings(ask, attempts)
    comments = await _recordings(ask, [one for one in attempts if one.comment], comments=True)
    said = await _said(ask, attempts)
    return Page(items=[_rating(one, recordings, comments, said) for one in found], next=opaque(cursor))


@routes.get("/ratings/summary", roles=RATED, summary="Marks counted: each mean with its response rate and its count")
async def sum_ratings(ask: Ask[None, shapes.RatingsSummed]) -> shapes.RatingsSummary:
    asked = ask.query
    found = await ask.services.ratings.summary(_wanted(asked), _sees(ask), by=asked.by, slices=asked.slices)
    return shapes.RatingsSummary(
        since=found.since,
        until=found.until,
        whole=_figures(found.whole),
        rows=[_ratings_row(one) for one in found.rows],
        slices=[_ratings_row(one) for one in found.slices],
    )


def _sees(ask: Ask[Any, Any]) -> Sees:
    """All for the desk, an organisation's own, an executor's own."""
    scope = scope_of(ask.who)
    return Sees(scope.everything, scope.organisation_id, scope.executor_id)


def _wanted(asked: shapes.RatingsFilter) -> Wanted:
    return Wanted(
        since=asked.from_,
        until=asked.to,
        organisation_id=asked.organisation_id,
        executor_id=asked.executor_id,
        classifier=asked.classifier,
    )


def _ratings_row(it: Row) -> shapes.RatingsRow:
    return shapes.RatingsRow(key=it.key, name=it.name, since=it.since, until=it.until, figures=_figures(it.figures))


def _figures(it: Figures) -> shapes.RatingFigures:
    return shapes.RatingFigures(
        asked=it.asked,
        answered=it.answered,
        marked=it.marked,
        mean=it.mean,
        response_rate=it.response_rate,
        marks={str(mark): it.marks.get(mark, 0) for mark in range(1, 6)},
        not_done=it.not_done,
        not_done_share=it.not_done_share,
        no_mark=it.no_mark,
    )


def _rating(
    it: Rating,
    recordings: Mapping[int, RecordingRef],
    comments: Mapping[int, RecordingRef],
    said: Mapping[str, RecordingRef],
) -> shapes.Rating:
    attempt, told = it.attempt, _outcome(it.attempt)
    aloud = told.told_aloud if told else None
    return shapes.Rating(
        request_id=attempt.id,
        ticket_number=it.ticket_number,
        organisation_id=it.organisation_id,
        organisation=it.organisation,
        executor_id=it.executor_id,
        executor=it.executor,
        classifier=it.classifier,
        number=attempt.number,
        at=it.at,
        result=it.result,
        mark=it.mark or None,
        proof=attempt.proof,
        keys=attempt.keys,
        way=_way(it.result, aloud),
        certainty_percent=aloud.percent if aloud else None,
        said_recording=said.get(_audio(told)) if told else None,
        comment=bool(attempt.comment),
        comment_recording=comments.get(attempt.pbx_call_id or 0),
        call_id=attempt.pbx_call_id,
        recording=recordings.get(attempt.pbx_call_id or 0),
        applied=attempt.applied,
    )


# --- opt-outs ----------------------------------------------------------------------------------------------------


@routes.get("/opt-outs", roles=DESK, summary="Who wants no calls or messages")
async def list_opt_outs(ask: Ask[None, shapes.OptOutsList]) -> Page[shapes.OptOut]:
    asked = ask.query
    found, cursor = await ask.services.opt_outs.find(number=asked.number, limit=asked.limit, cursor=clear(asked.cursor))
    return Page(items=[_opt_out(one) for one in found], next=opaque(cursor))


@routes.post("/opt-outs", roles=DESK, summary="He asks not to be called; 409 when he did already", status=201)
async def add_opt_out(ask: Ask[shapes.NewOptOut, None]) -> shapes.OptOut:
    form = ask.body
    return _opt_out(await ask.services.opt_outs.add(form.number, form.kind, ask.who.name, note=form.note))


@routes.delete("/opt-outs/{id:int}", roles=LEADERS, summary="He wants to be called again; the row stays as history")
async def remove_opt_out(ask: Ask[None, None]) -> None:
    await ask.services.opt_outs.remove(ask.id, ask.who.name)


# --- the kill switch ---------------------------------------------------------------------------------------------


@routes.get("/outreach", roles=CAMPAIGNS, summary="Whether the robot may call, and how many calls it has now")
async def get_robot(ask: Ask[None, None]) -> shapes.RobotState:
    return await _robot(ask)


async def _robot(ask: Ask[Any, Any]) -> shapes.RobotState:
    halt = await ask.services.switch.state()
    return shapes.RobotState(
        halted=halt is not None,
        halted_at=halt.halted_at if halt else None,
        halted_by=halt.halted_by if halt else "",
        reason=halt.reason if halt else "",
        under_way=len(await ask.services.outreach.under_way()),
    )


@routes.post("/outreach/halt", roles=LEADERS, summary="The kill switch: the robot calls nobody from this moment on")
async def halt_robot(ask: Ask[shapes.Halting, None]) -> shapes.RobotState:
    await ask.services.switch.halt(ask.who.name, ask.body.reason)
    return await _robot(ask)


@routes.post("/outreach/resume", roles=LEADERS, summary="The robot may call again")
async def resume_robot(ask: Ask[None, None]) -> shapes.RobotState:
    await ask.services.switch.resume(ask.who.name)
    return await _robot(ask)


# --- dialogues ---------------------------------------------------------------------------------------------------


@routes.get("/scripts/{kind}", roles=DESK, summary="A dialogue as a graph, with the words of each step")
async def get_script(ask: Ask[None, None]) -> shapes.Script:
    return _script(await ask.services.scripts.get(ask.path["kind"]))


@routes.put("/scripts/{kind}", roles=LEADERS, summary="Other words of its steps; each mistake is named with its step")
async def put_script(ask: Ask[shapes.ScriptTexts, None]) -> shapes.Script:
    words = {step: {str(lang): text for lang, text in texts.items()} for step, texts in ask.body.texts.items()}
    return _script(await ask.services.scripts.put(ask.path["kind"], words, ask.who.name))


@routes.put("/scripts/{kind}/options", roles=LEADERS, summary="What is left out of a dialogue; from the next call on")
async def put_script_options(ask: Ask[shapes.ScriptOptions, None]) -> shapes.Script:
    return _script(await ask.services.scripts.choose(ask.path["kind"], ask.body.options, ask.who.name))


@routes.post("/scripts/{kind}/preview", roles=DESK, summary="How a step sounds, with sample values", media="audio/wav")
async def preview_script(ask: Ask[shapes.ScriptPreview, None]) -> web.StreamResponse:
    form = ask.body
    audio = await ask.services.previews.audio(ask.path["kind"], form.step, form.language, form.text)
    return web.Response(body=audio, content_type="audio/wav")


# --- surveys -----------------------------------------------------------------------------------------------------


@routes.get("/surveys", roles=CAMPAIGNS, summary="The service's own surveys, the newest version of each")
async def list_surveys(ask: Ask[None, None]) -> Page[shapes.SurveyKept]:
    return Page(items=[_survey(one) for one in await ask.services.surveys.all()])


@routes.post("/surveys", roles=LEADERS, summary="A survey is kept, checked first; nobody is called by it", status=201)
async def add_survey(ask: Ask[shapes.SurveyBody, None]) -> shapes.SurveyKept:
    return _survey(await ask.services.surveys.add(_asked(ask.body), ask.who.name))


@routes.get("/surveys/{id}", roles=CAMPAIGNS, summary="A survey, as it stands or as a version of it was")
async def get_survey(ask: Ask[None, shapes.SurveyAsked]) -> shapes.SurveyKept:
    return _survey(await ask.services.surveys.get(ask.path["id"], ask.query.version))


@routes.get("/surveys/{id}/versions", roles=CAMPAIGNS, summary="Its versions, the newest first")
async def list_survey_versions(ask: Ask[None, None]) -> Page[shapes.SurveyVersion]:
    found = await ask.services.surveys.versions(ask.path["id"])
    return Page(
        items=[
            shapes.SurveyVersion(
                version=one.version,
                at=one.at,
                who=one.who,
                name=one.survey.name if one.survey else "",
                questions=len(one.survey.questions) if one.survey else 0,
                gone=one.survey is None,
            )
            for one in found
        ]
    )


@routes.put("/surveys/{id}", roles=LEADERS, summary="Another version of it; campaigns that run keep theirs")
async def put_survey(ask: Ask[shapes.SurveyChange, None]) -> shapes.SurveyKept:
    kept = await ask.services.surveys.put(ask.path["id"], _asked(ask.body), ask.who.name, after=ask.body.after)
    return _survey(kept)


@routes.delete("/surveys/{id}", roles=LEADERS, summary="It is offered no more; its versions stay")
async def put_survey_away(ask: Ask[None, None]) -> None:
    await ask.services.surveys.put_away(ask.path["id"], ask.who.name)


def _asked(form: shapes.SurveyBody) -> surveys.Survey:
    questions = tuple(
        surveys.Question(one.text, tuple(surveys.Answer(a.key, a.label, a.to) for a in one.answers))
        for one in form.questions
    )
    return surveys.Survey(form.name, form.language, form.intro, questions)


def _survey(it: surveys.Kept) -> shapes.SurveyKept:
    assert it.survey is not None
    raw = surveys.to_raw(it.survey)
    return shapes.SurveyKept.model_validate({"id": it.id, "version": it.version, "at": it.at, "who": it.who, **raw})


# --- shapes ---------------------------------------------------------------------------------------------------------


async def _shown(ask: Ask[Any, Any], campaign: Campaign) -> shapes.Campaign:
    progress = await ask.services.campaigns.progress([campaign.id])
    return _campaign(campaign, progress[campaign.id])


def _campaign(it: Campaign, progress: Progress) -> shapes.Campaign:
    return shapes.Campaign(
        id=it.id,
        kind=it.kind.value,
        name=it.name,
        state=it.state.value,
        standing=it.code is not None,
        danger=it.danger,
        language=it.language,
        hours=it.hours,
        days=it.days,
        zones=list(it.zones),
        lines=it.most_lines,
        attempts=it.most_attempts,
        priority=it.priority,
        begins_at=it.begins_at,
        ends_at=it.ends_at,
        created_at=it.created_at,
        created_by=it.created_by,
        changed_at=it.changed_at,
        changed_by=it.changed_by,
        ended_at=it.ended_at,
        choice=_choice(choice_of(it.choice)),
        spacing=dict(it.spacing),
        channels=list(it.channels),
        progress=progress_of(progress),
    )


def _in_order(campaign: Campaign, answers: Mapping[str, Mapping[str, int]]) -> list[tuple[str, Mapping[str, int]]]:
    """Questions as they are asked; what the dialogue does not know stands last."""
    asked = list(campaign.script.get("dialogue", {}).get("steps", {}))
    return sorted(answers.items(), key=lambda one: (asked.index(one[0]) if one[0] in asked else len(asked), one[0]))


def _answers(campaign: Campaign, step: str, answers: Mapping[str, int]) -> shapes.AnswersOfStep:
    """In the words of the survey, or of the meters, that this campaign was made with."""
    raw = campaign.script.get("dialogue", {}).get("steps", {}).get(step, {})
    title = dict(raw.get("title", {}))
    for meter in campaign.script.get("job", {}).get("meters", []):
        if str(meter.get("id")) == step and meter.get("title"):
            title = {campaign.language: str(meter["title"])}
    labels = {key: dict(choice["label"]) for key, choice in raw.get("keys", {}).items() if choice.get("label")}
    return shapes.AnswersOfStep(step=step, answers=dict(answers), title=title, labels=labels)


def _choice(it: Choice) -> shapes.CampaignChoice:
    return shapes.CampaignChoice(
        classifier=it.classifier,
        organisation_id=it.organisation_id,
        district=it.district,
        house_ids=list(it.house_ids),
        urgency=list(it.urgency),
        paid=it.paid,
        status=list(it.status),
        since=it.since,
        until=it.until,
        others=it.others,
    )


def _call(
    it: OutreachCall,
    tries: Sequence[OutreachAttempt],
    numbers: Mapping[int, str],
    recordings: Mapping[int, RecordingRef],
) -> shapes.CampaignCall:
    return shapes.CampaignCall(
        id=it.id,
        number=it.number,
        name=it.name,
        state=it.state.value,
        ticket_number=numbers.get(it.ticket_id or 0, ""),
        due_at=it.due_at,
        attempts=it.attempts,
        result=it.result,
        mark=it.mark,
        settled_at=it.settled_at,
        tries=[_attempt(one, recordings) for one in tries],
    )


def _attempt(it: OutreachAttempt, recordings: Mapping[int, RecordingRef]) -> shapes.CallAttempt:
    return shapes.CallAttempt(
        id=it.id,
        state=it.state.value,
        planned_at=it.planned_at,
        answered_at=it.answered_at,
        settled_at=it.settled_at,
        result=it.result,
        reason=it.reason,
        mark=it.mark,
        proof=it.proof,
        keys=it.keys,
        call_id=it.pbx_call_id,
        recording=recordings.get(it.pbx_call_id or 0),
        applied=it.applied,
    )


async def _recordings(
    ask: Ask[Any, Any], attempts: Sequence[OutreachAttempt], *, comments: bool = False
) -> dict[int, RecordingRef]:
    """The recording of each attempt's conversation, or of its spoken comment, by the call."""
    ids = sorted({one.pbx_call_id for one in attempts if one.pbx_call_id is not None})
    async with ask.services.store.read() as conn:
        found = await (recording_rows.comments_of if comments else recording_rows.of_calls)(conn, ids)
    return {call_id: recording_ref(recording) for call_id, recording in found.items()}


async def _said(ask: Ask[Any, Any], attempts: Sequence[OutreachAttempt]) -> dict[str, RecordingRef]:
    """The sound of what each mark or result rests on, by its file."""
    files = sorted({_audio(told) for one in attempts if (told := _outcome(one)) is not None} - {""})
    async with ask.services.store.read() as conn:
        found = await recording_rows.answers_of(conn, files) if files else {}
    return {file: recording_ref(recording) for file, recording in found.items()}


def _outcome(attempt: OutreachAttempt) -> Outcome | None:
    """What the dialogue told, where anything of it was said aloud."""
    if not attempt.facts.get("rests_on"):
        return None
    try:
        return Outcome.from_facts(attempt.facts)
    except ValueError:  # by a newer engine
        return None


def _audio(told: Outcome) -> str:
    file = told.audio(told.rests_on)
    return f"{file}.wav" if file else ""


def _way(result: str, aloud: Spoken | None) -> Literal["", "key", "said_key", "said"]:
    if aloud is not None:
        return "said_key" if aloud.confirmed is Proof.KEY else "said"
    return "key" if result in SAID else ""


def _opt_out(it: OptOut) -> shapes.OptOut:
    return shapes.OptOut(id=it.id, number=it.number, kind=it.kind, since=it.since, how=it.how, who=it.who, note=it.note)


def _script(it: EditedScript) -> shapes.Script:
    drawn = graph(it.script)
    return shapes.Script(
        kind=Kind(it.script.kind).value,
        title=dict(it.script.title),
        fields=list(it.script.fields),
        languages=list(it.script.languages),
        nodes=[shapes.ScriptNode(**node, own=sorted(it.own.get(node["id"], {}))) for node in drawn["nodes"]],
        edges=[
            shapes.ScriptEdge(
                source=edge["from"], target=edge["to"], key=edge["key"], label=edge["label"], result=edge["result"]
            )
            for edge in drawn["edges"]
        ],
        told={name: dict(texts) for name, texts in it.script.told.items()},
        options=it.options,
        changed_at=it.changed_at,
        changed_by=it.changed_by,
    )
