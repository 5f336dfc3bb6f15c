"""The shipped texts of all kinds of notices, in both languages, with their fields; pure data."""

from __future__ import annotations

from collections.abc import Mapping

from callengine.notices.model import Channel, Kind
from callengine.notices.templates import Shape, Text

PLACE = ("number", "address", "premise", "place", "problem", "urgency", "organisation", "registered", "due")
SMALL = (Channel.PUSH, Channel.SMS)
# What an applicant may be told by; the robot has words of its own (robot.py).
HIS = (*SMALL, Channel.EMAIL)

SHAPES: Mapping[Kind, Shape] = {
    Kind.JOB: Shape(
        (*SMALL, Channel.CALL),
        (*PLACE, "executor"),
        ("number", "place"),
        Text("Новая заявка {number}", "Заявка {number}: {problem}. {place}. Срок: {due}. Подтвердите."),
        Text("New job {number}", "Ticket {number}: {problem}. {place}. Due: {due}. Please acknowledge."),
    ),
    Kind.UNACKNOWLEDGED: Shape(
        (Channel.PUSH,),
        (*PLACE, "executor"),
        ("number", "executor"),
        Text("Не подтверждена заявка {number}", "{executor} не подтвердил заявку {number}: {problem}, {address}."),
        Text("Job {number} not acknowledged", "{executor} has not acknowledged {number}: {problem}, {address}."),
    ),
    Kind.REMINDER: Shape(
        (Channel.PUSH,),
        (*PLACE, "about"),
        ("number", "about"),
        Text("Заявка {number}: напоминание", "{about}. {problem}, {address}."),
        Text("Ticket {number}: a reminder", "{about}. {problem}, {address}."),
    ),
    Kind.REGISTERED: Shape(
        HIS,
        (*PLACE, "link"),
        ("number", "due"),
        Text("Заявка {number} принята", "Заявка {number} принята. Срок: {due}. Ход работ: {link}"),
        Text("Ticket {number} is registered", "Ticket {number} is registered. Due: {due}. Follow it: {link}"),
    ),
    Kind.DONE: Shape(
        HIS,
        (*PLACE, "link"),
        ("number", "link"),
        Text("Работа выполнена", "По заявке {number} сообщили: выполнено. Проверьте и оцените: {link}"),
        Text("The job is done", "Ticket {number}: reported done. Please check and give a mark: {link}"),
    ),
    Kind.CLOSED: Shape(
        HIS,
        (*PLACE, "link"),
        ("number",),
        Text("Заявка {number} закрыта", "Заявка {number} закрыта. Если не сделано, напишите: {link}"),
        Text("Ticket {number} is closed", "Ticket {number} is closed. If it is not done, tell us: {link}"),
    ),
    Kind.CRITICAL: Shape(
        (Channel.EMAIL,),
        (*PLACE, "localise"),
        ("number", "address", "problem", "due"),
        Text(
            "{urgency}: {problem}, {address} (заявка {number})",
            "Зарегистрирована заявка {number}.\n\nЧто случилось: {problem}\nАдрес: {address}\nСрочность: {urgency}\n"
            "Зарегистрирована: {registered}\nОтвечает: {organisation}\nЛокализовать до: {localise}\n"
            "Устранить до: {due}\n\nПисьмо отправлено автоматически диспетчерской службой (ПП РФ 416).",
        ),
        Text(
            "{urgency}: {problem}, {address} (ticket {number})",
            "Ticket {number} was registered.\n\nWhat happened: {problem}\nAddress: {address}\nUrgency: {urgency}\n"
            "Registered: {registered}\nAnswers for it: {organisation}\nTo be localised by: {localise}\n"
            "To be fixed by: {due}\n\nSent automatically by the dispatch service.",
        ),
    ),
    Kind.UNTOLD: Shape(
        (Channel.PUSH,),
        (*PLACE, "reason"),
        ("number", "reason"),
        Text("Муниципалитет не извещён: {number}", "Письмо о заявке {number} не ушло: {reason}. Позвоните."),
        Text("Municipality not told: {number}", "The letter of ticket {number} did not go: {reason}. Please call."),
    ),
    Kind.ROUTED: Shape(
        (*SMALL, Channel.EMAIL),
        (*PLACE, "accept"),
        ("number", "place"),
        Text(
            "Вам направлена заявка {number}: {problem}",
            "Вам направлена заявка {number}: {problem}. {place}. Принять до {accept}, устранить до {due}.",
        ),
        Text(
            "Ticket {number} is yours: {problem}",
            "Ticket {number} was sent to you: {problem}. {place}. Accept by {accept}, fix by {due}.",
        ),
    ),
    Kind.OVERDUE: Shape(
        (Channel.EMAIL, Channel.PUSH),
        (*PLACE, "executor", "about"),
        ("number", "about"),
        Text(
            "Заявка {number}: {about}",
            "Заявка {number}: {about}.\n\nЧто случилось: {problem}\nАдрес: {address}\nСрочность: {urgency}\n"
            "Зарегистрирована: {registered}\nОтвечает: {organisation}\nСрок устранения: {due}\n\n"
            "Сообщение отправлено автоматически диспетчерской службой.",
        ),
        Text(
            "Ticket {number}: {about}",
            "Ticket {number}: {about}.\n\nWhat happened: {problem}\nAddress: {address}\nUrgency: {urgency}\n"
            "Registered: {registered}\nAnswers for it: {organisation}\nTo be fixed by: {due}\n\n"
            "Sent automatically by the dispatch service.",
        ),
    ),
    Kind.POSTPONED: Shape(
        HIS,
        (*PLACE, "link", "until", "why"),
        ("number", "until"),
        Text("Заявка {number} отложена", "Работы по заявке {number} отложены до {until}: {why}. Ход работ: {link}"),
        Text("Ticket {number} is put off", "The job of ticket {number} is put off until {until}: {why}. {link}"),
    ),
    Kind.INTERIM: Shape(
        HIS,
        (*PLACE, "link", "until", "why"),
        ("number", "until", "why"),
        Text("Ответ по заявке {number}", "Заявка {number}: {why}. Обещанный срок: {until}. Ход работ: {link}"),
        Text("An answer on ticket {number}", "Ticket {number}: {why}. Promised by {until}. Follow it: {link}"),
    ),
    Kind.CANCELLED: Shape(
        HIS,
        (*PLACE, "link", "why"),
        ("number",),
        Text("Заявка {number} отменена", "Заявка {number} отменена: {why}. Если это ошибка, напишите: {link}"),
        Text("Ticket {number} is cancelled", "Ticket {number} is cancelled: {why}. If that is wrong, tell us: {link}"),
    ),
    Kind.JOINED: Shape(
        (Channel.SMS, Channel.EMAIL),
        ("number", "address", "problem", "urgency", "organisation", "registered", "due", "news"),
        ("number", "news"),
        Text("Заявка {number}", "Заявка {number}, {address}: {problem}. {news}."),
        Text("Ticket {number}", "Ticket {number}, {address}: {problem}. {news}."),
    ),
    Kind.OUTAGE: Shape(
        (*SMALL, Channel.CALL, Channel.EMAIL),
        ("address", "problem", "registered", "until"),
        ("address", "problem"),
        Text("{problem}", "{address}: {problem}. Ориентировочно до {until}."),
        Text("{problem}", "{address}: {problem}. Expected until {until}."),
    ),
}
