"""Letters to a real SMTP server that also refuses, breaks off and asks for a password."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from callengine.clock import ManualClock
from callengine.config import Notices
from callengine.notices.channels.email import Email
from callengine.notices.model import Later, Message, Rejected, Result, Sent, Unknown
from tests.notices.servers import MailServer

MESSAGE = Message(
    id=7,
    key="critical:26-000001:duty@city.test",
    kind="critical",
    subject="Авария: течь, ул. Мира, 44 (заявка 26-000001)",
    text="Зарегистрирована заявка 26-000001.\n.\nСтрока после точки",
    email="duty@city.test",
    name="Администрация города",
)


def settings(mail: MailServer, **more: object) -> Notices:
    made = {
        "smtp_host": "127.0.0.1",
        "smtp_port": mail.port,
        "smtp_security": "none",
        "email_from": "desk@callengine.test",
    }
    return Notices.model_validate({**made, **more})


async def send(mail: MailServer, message: Message = MESSAGE, **more: object) -> Result:
    return await Email(settings(mail, **more), ManualClock()).send(message)


async def test_a_letter_arrives_whole_and_what_the_server_said_is_its_receipt(mail: MailServer) -> None:
    assert await send(mail) == Sent("250 2.0.0 Ok: queued as 00001")
    letter = mail.letter()
    assert letter["Subject"] == MESSAGE.subject
    assert letter["To"] == "Администрация города <duty@city.test>" and letter["From"] == "desk@callengine.test"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"].datetime == ManualClock().now()
    assert letter.get_content().splitlines() == MESSAGE.text.splitlines()
    assert mail.letters[0].isascii()  # no server need know 8BITMIME


async def test_the_same_notice_is_the_same_letter_for_every_mail_server(mail: MailServer) -> None:
    await send(mail)
    await send(mail)
    assert mail.letter(0)["Message-ID"] == mail.letter(1)["Message-ID"]


@pytest.mark.parametrize("where", ["subject", "name"])
async def test_a_line_of_a_header_cannot_be_brought_in(mail: MailServer, where: str) -> None:
    hostile = "Течь\r\nBcc: all@city.test\r\n\r\nтекст\u2028\x00"
    message = Message(id=7, key="k", kind="critical", subject="Тема", text="Текст", email="duty@city.test")
    changed = {"subject": hostile} if where == "subject" else {"name": hostile}
    assert isinstance(await send(mail, replace(message, **changed)), Sent)  # type: ignore[arg-type]
    letter = mail.letter()
    assert letter["Bcc"] is None and letter.get_content().strip() == "Текст"
    assert "Bcc: all@city.test" in str(letter["Subject"] if where == "subject" else letter["To"])


@pytest.mark.parametrize(
    "email", ["duty@city.test\r\nRCPT TO:<x@y.test>", "нет", "", "a b@city.test", "дежурный@город.рф"]
)
async def test_an_address_that_is_none_is_refused_before_anything_is_said(mail: MailServer, email: str) -> None:
    result = await send(mail, replace(MESSAGE, email=email))
    assert isinstance(result, Rejected) and "no e-mail address" in result.problem
    assert mail.to == [] and mail.letters == []


@pytest.mark.parametrize(
    ("verb", "answer", "kind"),
    [
        ("RCPT", "550 5.1.1 no such user", Rejected),
        ("RCPT", "450 4.2.1 greylisted", Later),
        ("MAIL", "250 fine", Sent),
        ("DATA", "554 5.7.1 spam", Rejected),
        ("TAKEN", "552 5.2.2 full", Rejected),
        ("TAKEN", "451 4.3.0 later", Later),
        ("HELLO", "421 4.3.2 closing", Later),
    ],
)
async def test_what_a_mail_server_refuses_for_good_is_not_tried_again_and_the_rest_is(
    mail: MailServer, verb: str, answer: str, kind: type
) -> None:
    mail.says[verb] = answer
    result = await send(mail)
    assert isinstance(result, kind), result
    if not isinstance(result, Sent):
        assert answer.split()[-1] in result.problem
        assert mail.letters == []


async def test_a_server_that_is_down_or_goes_before_the_letter_was_surely_not_given_it(mail: MailServer) -> None:
    for verb in ("HELLO", "MAIL", "RCPT", "DATA"):
        mail.break_in = verb
        result = await send(mail)
        # At DATA the letter itself was not yet on its way, but nobody can tell from here.
        assert isinstance(result, Unknown if verb == "DATA" else Later), verb
    await mail.stop()
    result = await send(mail)
    assert isinstance(result, Later) and result.whole_channel and f":{mail.port}" in result.problem


async def test_a_link_that_breaks_after_the_letter_leaves_it_unknown(mail: MailServer) -> None:
    mail.break_in = "TAKEN"
    assert isinstance(await send(mail), Unknown)


async def test_a_wrong_password_holds_the_whole_channel_and_is_never_repeated_in_words(
    mail: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail.says["AUTH"] = "535 5.7.8 bad credentials hunter2-secret"
    with caplog.at_level(logging.DEBUG):
        result = await send(mail, smtp_user="desk", smtp_password="hunter2-secret")
    assert mail.signed_in == ["\0desk\0hunter2-secret"]
    assert isinstance(result, Later) and result.whole_channel and "smtp_user" in result.problem
    assert "hunter2" not in result.problem and "hunter2" not in caplog.text
    assert "hunter2" not in repr(settings(mail, smtp_password="hunter2-secret"))
