"""Who may sign in, and for how long: every way in that must stay shut."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import text

from public_site import audit, supervisors, throttling
from public_site.database import Database
from public_site.faults import NotValid
from public_site.settings import Settings
from public_site.supervisors import Enrolment, NotSignedIn, SignInRefused

NOW = datetime(2026, 11, 25, 8, 0, 0, tzinfo=UTC)
PASSWORD = "山高月小水落石出清风徐来"


@pytest.fixture
def enrolled(database: Database, settings: Settings) -> Enrolment:
    return supervisors.add(database, settings.console_key, "起草人甲", PASSWORD, ["drafter"], by="root", at=NOW)


def sign_in(
    database: Database, settings: Settings, enrolled: Enrolment, at: datetime = NOW, *, name: str = "起草人甲",
    password: str = PASSWORD, code: str | None = None, address: str = "192.0.2.1",
) -> str:  # fmt: skip
    code = pyotp.TOTP(enrolled.secret).at(at) if code is None else code
    return supervisors.sign_in(
        database, settings.console_key, name=name, password=password, code=code, address=address, at=at
    )


def who(database: Database, token: str, at: datetime) -> str:
    return supervisors.visit(database, token, "GET /console/", at=at).name


def test_name_password_and_code_let_one_in(database: Database, settings: Settings, enrolled: Enrolment) -> None:
    token = sign_in(database, settings, enrolled)
    person = supervisors.visit(database, token, "GET /console/", at=NOW)
    assert (person.name, person.may("drafter"), person.may("approver")) == ("起草人甲", True, False)
    assert enrolled.address.startswith("otpauth://totp/")


def test_whatever_is_wrong_gets_the_same_answer(database: Database, settings: Settings, enrolled: Enrolment) -> None:
    said = set[str]()
    for wrong in ({"name": "谁也不是"}, {"password": "另一个很长的密码一二三"}, {"code": "000000"}, {"code": ""},
                  {"name": ""}, {"password": "长" * 5_000}):  # fmt: skip
        with pytest.raises(SignInRefused) as refused:
            sign_in(database, settings, enrolled, NOW + timedelta(minutes=10 * len(said)), **wrong)
        said.add(str(refused.value))
    assert len(said) == 1


def test_a_code_is_used_once_and_holds_a_minute_and_a_half(
    database: Database, settings: Settings, enrolled: Enrolment
) -> None:
    code = pyotp.TOTP(enrolled.secret).at(NOW)
    sign_in(database, settings, enrolled, code=code)
    with pytest.raises(SignInRefused):
        sign_in(database, settings, enrolled, code=code)
    earlier = pyotp.TOTP(enrolled.secret).at(NOW - timedelta(seconds=30))
    with pytest.raises(SignInRefused):  # an older step than the one that was used
        sign_in(database, settings, enrolled, code=earlier)
    later = NOW + timedelta(minutes=5)
    sign_in(database, settings, enrolled, later, code=pyotp.TOTP(enrolled.secret).at(later - timedelta(seconds=30)))
    with pytest.raises(SignInRefused):
        sign_in(database, settings, enrolled, later + timedelta(minutes=5), code=pyotp.TOTP(enrolled.secret).at(later))


def test_a_session_ends_after_a_quarter_of_an_hour_of_silence(
    database: Database, settings: Settings, enrolled: Enrolment
) -> None:
    token = sign_in(database, settings, enrolled)
    for minutes in (14, 28, 42):
        assert who(database, token, NOW + timedelta(minutes=minutes)) == "起草人甲"
    with pytest.raises(NotSignedIn):
        who(database, token, NOW + timedelta(minutes=58))


def test_a_page_that_asks_by_itself_does_not_prolong_a_session(
    database: Database, settings: Settings, enrolled: Enrolment
) -> None:
    token = sign_in(database, settings, enrolled)
    with database.reading() as connection:
        supervisors.watching(connection, token, at=NOW + timedelta(minutes=14))
        with pytest.raises(NotSignedIn):
            supervisors.watching(connection, token, at=NOW + timedelta(minutes=16))


def test_a_session_ends_after_eight_hours_however_busy(
    database: Database, settings: Settings, enrolled: Enrolment
) -> None:
    token = sign_in(database, settings, enrolled)
    for minutes in range(10, 480, 10):
        who(database, token, NOW + timedelta(minutes=minutes))
    with pytest.raises(NotSignedIn):
        who(database, token, NOW + timedelta(minutes=481))


def test_signing_out_disabling_other_roles_and_a_reset_end_a_session_at_once(
    database: Database, settings: Settings, enrolled: Enrolment
) -> None:
    acts: tuple[Callable[[str], None], ...] = (
        lambda token: supervisors.sign_out(database, token, at=NOW),
        lambda _: supervisors.set_roles(database, "起草人甲", ["drafter", "approver"], by="root", at=NOW),
        lambda _: supervisors.disable(database, "起草人甲", by="root", at=NOW),
    )
    for count, act in enumerate(acts):
        at = NOW + timedelta(minutes=5 * count)
        token = sign_in(database, settings, enrolled, at)
        act(token)
        with pytest.raises(NotSignedIn):
            who(database, token, at)
    with pytest.raises(SignInRefused):  # disabled
        sign_in(database, settings, enrolled, NOW + timedelta(minutes=30))
    anew = supervisors.reset(database, settings.console_key, "起草人甲", PASSWORD, by="root", at=NOW)
    with pytest.raises(SignInRefused):  # the old second factor holds no more
        sign_in(database, settings, enrolled, NOW + timedelta(minutes=40))
    sign_in(database, settings, anew, NOW + timedelta(minutes=50))


def test_ones_own_new_password_needs_the_old_one(database: Database, settings: Settings, enrolled: Enrolment) -> None:
    token = sign_in(database, settings, enrolled)
    person = supervisors.visit(database, token, "GET /console/account", at=NOW)
    with pytest.raises(SignInRefused):
        supervisors.change_password(database, person, "不是这个密码不是这个密码", "惊涛拍岸卷起千堆雪江山如画", at=NOW)
    supervisors.change_password(database, person, PASSWORD, "惊涛拍岸卷起千堆雪江山如画", at=NOW)
    with pytest.raises(NotSignedIn):
        who(database, token, NOW)
    sign_in(database, settings, enrolled, NOW + timedelta(minutes=9), password="惊涛拍岸卷起千堆雪江山如画")


def test_guessing_is_slowed_for_names_that_exist_and_for_names_that_do_not(
    database: Database, settings: Settings, enrolled: Enrolment
) -> None:
    for name in ("起草人甲", "谁也不是"):
        for _ in range(supervisors.PER_NAME.burst):
            with pytest.raises(SignInRefused):
                sign_in(database, settings, enrolled, name=name, code="000000")
        with pytest.raises(throttling.TooFast):
            sign_in(database, settings, enrolled, name=name)
    sign_in(database, settings, enrolled, NOW + timedelta(seconds=61))


def test_guessing_many_names_from_one_address_is_slowed(
    database: Database, settings: Settings, enrolled: Enrolment
) -> None:
    for count in range(supervisors.PER_ADDRESS.burst):
        with pytest.raises(SignInRefused):
            sign_in(database, settings, enrolled, name=f"猜{count}")
    with pytest.raises(throttling.TooFast):
        sign_in(database, settings, enrolled)
    sign_in(database, settings, enrolled, address="192.0.2.2")


@pytest.mark.parametrize("password", ["短", "一" * 12, "长" * 129, "起草人甲" * 40])
def test_a_weak_password_is_refused(database: Database, settings: Settings, password: str) -> None:
    with pytest.raises(supervisors.PasswordTooWeak):
        supervisors.add(database, settings.console_key, "起草人甲", password, ["drafter"], by="root", at=NOW)


def test_names_that_look_the_same_are_one_person(database: Database, settings: Settings, enrolled: Enrolment) -> None:
    for name in ("起草人甲", " 起草人甲 ", "起草人甲\u200b"):
        with pytest.raises(supervisors.NameTaken):
            supervisors.add(database, settings.console_key, name, PASSWORD, ["approver"], by="root", at=NOW)
    with pytest.raises(NotValid, match="角色"):
        supervisors.add(database, settings.console_key, "乙", PASSWORD, ["emperor"], by="root", at=NOW)
    with pytest.raises(supervisors.NoSuchPerson):
        supervisors.disable(database, "丙", by="root", at=NOW)


def test_neither_password_nor_second_factor_nor_token_stands_in_the_database(
    database: Database, settings: Settings, enrolled: Enrolment
) -> None:
    token = sign_in(database, settings, enrolled)
    with database.reading() as connection:
        tables = ("supervisor", "console_session", "audit", "bucket", "daily_key")
        kept = repr([connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables])
    for secret in (PASSWORD, enrolled.secret, token, "192.0.2.1"):
        assert secret not in kept
    assert "$argon2id$" in kept
    assert settings.console_key.stat().st_mode & 0o077 == 0


def test_a_lost_key_is_said_to_be_lost_and_a_reset_mends_it(
    database: Database, settings: Settings, enrolled: Enrolment
) -> None:
    settings.console_key.unlink()
    with pytest.raises(supervisors.NoConsoleKey):
        sign_in(database, settings, enrolled)
    anew = supervisors.reset(database, settings.console_key, "起草人甲", PASSWORD, by="root", at=NOW)
    sign_in(database, settings, anew)


def test_acts_and_visits_go_on_record_without_what_they_carried(
    database: Database, settings: Settings, enrolled: Enrolment
) -> None:
    token = sign_in(database, settings, enrolled)
    supervisors.visit(database, token, "GET /console/notices/7", at=NOW)
    with pytest.raises(SignInRefused):
        sign_in(database, settings, enrolled, code="000000")
    with database.reading() as connection:
        lines = [(line.who, line.what) for line in audit.latest(connection)]
    assert lines == [
        ("起草人甲", "sign-in refused"),
        ("起草人甲", "GET /console/notices/7"),
        ("起草人甲", "sign-in"),
        ("root", "supervisors add 起草人甲 drafter"),
    ]
