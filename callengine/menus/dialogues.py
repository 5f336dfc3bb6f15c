"""The dialogues of the robot, one function each: a line, a voice and a job in; an outcome out, however the call went.

They raise NoVoice before anything is said, and PromptMissing when the PBX cannot play; a hang-up is an outcome.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from callengine.menus import ears as aloud
from callengine.menus.ears import Ears
from callengine.menus.jobs import (
    ExecutorJob,
    Job,
    MeterJob,
    OutageJob,
    RatingJob,
    ResultJob,
    StatusJob,
    SurveyJob,
)
from callengine.menus.line import Line
from callengine.menus.outcome import Outcome, Result
from callengine.menus.script import LANGUAGES, Kind, Then, shipped
from callengine.menus.walk import Say, Walk, digit_words
from callengine.speech import words


async def rating(line: Line, say: Say, job: RatingJob, ears: Ears | None = None) -> Outcome:
    """Was it done, a mark from 1 to 5, a spoken comment."""
    return await _told(line, say, job, ears)


async def result_notice(line: Line, say: Say, job: ResultJob, ears: Ears | None = None) -> Outcome:
    """What became of a ticket; acknowledged by a key, else only heard."""
    return await _told(line, say, job, ears)


async def job_call(line: Line, say: Say, job: ExecutorJob, ears: Ears | None = None) -> Outcome:
    """An executor takes a job (acknowledged) or does not (declined)."""
    return await _told(line, say, job, ears)


async def outage(line: Line, say: Say, job: OutageJob, ears: Ears | None = None) -> Outcome:
    """What is cut off, where, until when."""
    return await _told(line, say, job, ears)


async def survey(line: Line, say: Say, job: SurveyJob, ears: Ears | None = None) -> Outcome:
    """A poll with branches; `answers` by step."""
    return await _told(line, say, job, ears)


async def status(line: Line, say: Say, job: StatusJob, ears: Ears | None = None) -> Outcome:
    """The open tickets of the number that rings."""
    return await _told(line, say, job, ears)


async def meter(line: Line, say: Say, job: MeterJob, ears: Ears | None = None) -> Outcome:
    """Readings by keys, each read back and confirmed; `answers` by meter id, only what was confirmed.

    A reading has up to eight digits: no recogniser is asked for it.
    """
    walk = Walk(line, say, job.walked, job.language, machine=job.machine)
    for one in job.meters:
        await walk.prepare(job.values_of(one))
    if not job.meters:
        await walk.prepare(job.values())

    async def talk() -> None:
        end = await walk.go(job.walked.start, job.values())
        if end is None or end.then is not Then.NEXT:
            return
        for one in job.meters:
            walk.next_subject()
            walk.limits = {"enter": (one.last, one.last + one.most)}
            walk.doubted = {"enter": one.highest}
            end = await walk.go("enter", job.values_of(one))
            if end is None or end.then is not Then.NEXT:
                return
            walk.known.answers[one.id] = walk.known.number
            walk.known.result = Result.PARTIAL
            await walk.keep_so_far()
        walk.known.result = Result.ANSWERED
        await walk.go("bye", job.values())

    return await walk.ended(talk)


async def _told(line: Line, say: Say, job: Job, ears: Ears | None) -> Outcome:
    comment = job.comment_file
    walk = Walk(line, say, job.walked, job.language, machine=job.machine, comment_file=comment, ears=ears)
    values = job.values()
    await walk.prepare(values)

    async def talk() -> None:
        await walk.go(job.walked.start, values)

    return await walk.ended(talk)


_DIALOGUES: Mapping[Kind, Callable[..., Awaitable[Outcome]]] = {
    Kind.RATING: rating,
    Kind.RESULT: result_notice,
    Kind.JOB: job_call,
    Kind.OUTAGE: outage,
    Kind.SURVEY: survey,
    Kind.METER: meter,
    Kind.STATUS: status,
}


def static_texts(languages: Sequence[str] = LANGUAGES) -> Iterator[tuple[str, str]]:
    """Language and text of all that is the same in every call: spoken once, when the engine starts."""
    for language in languages:
        found = dict.fromkeys(
            words.normalise(sentence, language)
            for kind in Kind
            for sentence in shipped(kind).static_sentences(language)
        )
        for text in found | dict.fromkeys([*digit_words(language), *aloud.texts(language)]):
            yield language, text


async def hold(line: Line, say: Say, job: Job, ears: Ears | None = None) -> Outcome:
    """The dialogue that the job is for; with `ears` its questions may be answered aloud."""
    return await _DIALOGUES[job.kind](line, say, job, ears)
