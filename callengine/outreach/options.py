"""What a service may leave out of a built-in dialogue: safe variations of it, and no free graph (pure).

A mark stays a mark, "not done" where it is asked stays a human's call, keys 8, 9 and 0 do what they always do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from callengine.menus.script import Choice, Kind, Script, Step, Texts

ASK_DONE, COMMENT, OPERATOR = "ask_done", "comment", "operator"
# Which options a dialogue has; all are on as shipped.
OPTIONS: Mapping[Kind, tuple[str, ...]] = {
    Kind.RATING: (ASK_DONE, COMMENT, OPERATOR),
    Kind.RESULT: (OPERATOR,),
    Kind.JOB: (OPERATOR,),
    Kind.OUTAGE: (OPERATOR,),
    Kind.METER: (OPERATOR,),
}
# The sentences of the shipped words that go with what is left out; a service's own words say what they say.
_DONE = {
    "ru": "Если работа выполнена, нажмите один. Если не выполнена, нажмите два.",
    "en": "If the job is done, press one. If it is not done, press two.",
}
_SENTENCES: Mapping[str, tuple[Texts, ...]] = {
    COMMENT: (
        {"ru": "Чтобы оставить отзыв, нажмите один.", "en": "To leave a comment, press one."},
        {"ru": "Чтобы рассказать, что не сделано, нажмите один.", "en": "To say what is not done, press one."},
    ),
    OPERATOR: ({"ru": "Диспетчер: ноль.", "en": "Dispatcher: zero."},),
}
MARKS = "12345"


def varied(script: Script, off: Collection[str]) -> Script:
    """The dialogue without what is `off`; what it has no option for changes nothing."""
    for option in OPTIONS.get(script.kind, ()):
        if option in off:
            script = {ASK_DONE: _straight_to_the_mark, COMMENT: _without_comment, OPERATOR: _unnamed}[option](script)
    return script


def _straight_to_the_mark(script: Script) -> Script:
    """The greeting asks for the mark itself: its keys 1 to 5 are the mark."""
    hello, mark = script.steps["hello"], script.steps["mark"]
    said = {language: _asks(text, language, mark.say.get(language, "")) for language, text in hello.say.items()}
    kept = {key: choice for key, choice in hello.choices.items() if key not in MARKS}
    marks: dict[str, Choice] = {key: mark.choices[key] for key in MARKS}
    asked = replace(hello, say=said, choices={**kept, **marks}, marks=True, title=mark.title)
    return _with(script, {"hello": asked}, gone=("not_done", "sorry"))


def _asks(text: str, language: str, mark: str) -> str:
    sentence = _DONE.get(language, "")
    return text.replace(sentence, mark) if sentence and sentence in text else f"{text} {mark}"


def _without_comment(script: Script) -> Script:
    """Nobody is asked to speak: the key that led there is gone."""
    changed = {
        step.id: replace(step, choices={key: one for key, one in step.choices.items() if one.next != "comment"})
        for step in script.steps.values()
        if any(one.next == "comment" for one in step.choices.values())
    }
    return _silenced(_with(script, changed, gone=("comment",)), COMMENT)


def _unnamed(script: Script) -> Script:
    """Nobody is told of key 0, and it works: whoever needs a human always reaches one."""
    return _silenced(script, OPERATOR)


def _silenced(script: Script, option: str) -> Script:
    changed: dict[str, Step] = {}
    for step in script.steps.values():
        said = dict(step.say)
        for sentences in _SENTENCES[option]:
            for language, sentence in sentences.items():
                said[language] = " ".join(said.get(language, "").replace(sentence, "").split())
        if said != dict(step.say):
            changed[step.id] = replace(step, say={language: text for language, text in said.items() if text})
    return _with(script, changed)


def _with(script: Script, changed: Mapping[str, Step], gone: Collection[str] = ()) -> Script:
    steps = {name: changed.get(name, step) for name, step in script.steps.items() if name not in gone}
    return replace(script, steps=steps)
