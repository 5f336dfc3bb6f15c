"""The prompts of the dialplan: their texts, and where Asterisk finds them. How they are spoken: speech/voice.py.

`python -m callengine.sandbox.prompts FOLDER` renders them for an Asterisk of your own.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from callengine.speech.voice import NoVoice, Voice, tone

__all__ = ["TEXTS", "NoVoice", "render_all", "render_hold_music", "render_tones"]

TEXTS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "greeting": "Здравствуйте! Вы позвонили в диспетчерскую службу. Разговор записывается.",
        "menu": "Чтобы поговорить с диспетчером, нажмите один. Чтобы оставить голосовое сообщение, нажмите два.",
        "queue-hint": "Все диспетчеры заняты. Оставайтесь на линии. Чтобы мы перезвонили вам, нажмите один. "
        "Чтобы оставить голосовое сообщение, нажмите два.",
        "callback-accepted": "Спасибо. Мы перезвоним вам на этот номер в течение десяти минут.",
        "leave-message": "Назовите адрес и что случилось после сигнала. Закончив, нажмите решётку.",
        "message-accepted": "Спасибо, сообщение принято. Диспетчер прослушает его и перезвонит вам.",
        "all-busy": "К сожалению, все диспетчеры ещё заняты. Мы обязательно перезвоним вам. "
        "Чтобы оставить сообщение, нажмите два.",
        "no-operators": "Сейчас диспетчеров нет на месте. Мы обязательно перезвоним вам. "
        "Чтобы оставить сообщение, нажмите два.",
        "after-hours": "Сейчас нерабочее время. Мы обязательно перезвоним вам. Чтобы оставить сообщение, нажмите два.",
        "accident": "По вашему адресу известно об аварии. Бригада уже работает.",
        "status-offer": "Чтобы узнать состояние ваших заявок, нажмите три.",
        "status-unknown": "По вашему номеру мы ничего не нашли. Соединяю с диспетчером.",
        "robot-done": "Это диспетчерская служба, о вашей заявке. Если работа выполнена, нажмите один. "
        "Если нет, нажмите два.",
        "robot-mark": "Оцените, пожалуйста, работу от одного до пяти.",
        "robot-thanks": "Спасибо, оценка принята. До свидания.",
        "robot-sorry": "Извините. Мы позвоним вам ещё раз. До свидания.",
        "connection-lost": "Связь с диспетчером прервалась. Пожалуйста, оставайтесь на линии.",
    },
    "en": {
        "greeting": "Hello! You have reached the dispatch service. This call is recorded.",
        "menu": "To speak to a dispatcher, press one. To leave a voice message, press two.",
        "queue-hint": "All dispatchers are busy. Please hold. To be called back, press one. "
        "To leave a voice message, press two.",
        "callback-accepted": "Thank you. We shall call you back on this number within ten minutes.",
        "leave-message": "After the tone, please say the address and what has happened. Press hash to finish.",
        "message-accepted": "Thank you, your message has been taken. A dispatcher will hear it and call you back.",
        "all-busy": "We are sorry, all dispatchers are still busy. We shall call you back. "
        "To leave a message, press two.",
        "no-operators": "There is no dispatcher on duty now. We shall call you back. To leave a message, press two.",
        "after-hours": "We are closed now. We shall call you back. To leave a message, press two.",
        "accident": "We know of an emergency at your address. The crew is at work.",
        "status-offer": "To hear the state of your tickets, press three.",
        "status-unknown": "We have found nothing for your number. Connecting you to a dispatcher.",
        "robot-done": "This is the dispatch service, about your ticket. If the job is done, press one. "
        "If not, press two.",
        "robot-mark": "Please rate the job from one to five.",
        "robot-thanks": "Thank you, your mark has been taken. Goodbye.",
        "robot-sorry": "We are sorry. We shall call you again. Goodbye.",
        "connection-lost": "The connection to the dispatcher was lost. Please hold.",
    },
}
_BEEP = ("synth", "0.4", "sine", "440", "vol", "0.4")
_CHIME = ("synth", "1.5", "sine", "523", "sine", "659", "fade", "0.3", "1.5", "1", "vol", "0.15", "pad", "0", "4.5")


def render_all(folder: Path, cache: Path) -> None:
    """Put every prompt at FOLDER/<language>/callengine/<name>.wav; what is in the cache is not spoken again."""
    cache.mkdir(parents=True, exist_ok=True)
    voice = Voice(cache)
    for language, texts in TEXTS.items():
        home = folder / language / "callengine"
        home.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            _place(voice.render(language, text), home / f"{name}.wav")
        _place(tone(cache / "tone.wav", *_BEEP), home / "tone.wav")


def render_hold_music(folder: Path, cache: Path) -> None:
    """A soft chime every few seconds: who is on hold must hear that the line is alive."""
    _place(tone(cache / "hold.wav", *_CHIME), folder / "hold.wav")


def render_tones(folder: Path, cache: Path) -> None:
    """What Asterisk's own features play, by its names: without them it would not even begin a transfer."""
    cache.mkdir(parents=True, exist_ok=True)
    for name in ("pbx-transfer", "pbx-invalid", "beep", "beeperr"):
        _place(tone(cache / "tone.wav", *_BEEP), folder / f"{name}.wav")


def _place(source: Path, target: Path) -> None:
    if not target.exists() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m callengine.sandbox.prompts FOLDER   (for example /usr/share/asterisk/sounds)")
    render_all(Path(sys.argv[1]), Path("var/prompts"))
