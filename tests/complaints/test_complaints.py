"""From lodging to erasure: who can read what, who gets it, who sees it, and what is left."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from public_site import log, receipt_verifier, signing
from public_site.complaints import cases, following, handling, keys, lodging, rounds, sealing, upkeep, workflow
from public_site.complaints.cases import NoSuchComplaint
from public_site.faults import NotValid
from public_site.settings import Settings
from tests.complaints.inbox import PASSPHRASE, PASSWORD, SECRET, TODAY, Inbox
from tests.complaints.test_photos import picture

LATER = TODAY + timedelta(days=1)


def everything(inbox: Inbox) -> bytes:
    """Every stored byte: rows of both databases, and on SQLite the files with their logs and free pages."""
    found = []
    for database in (inbox.store.sealed, inbox.store.wraps):
        with database.reading() as connection:
            tables = ("wrap", "holder", "unlocked") if database is inbox.store.wraps else (
                "complaint", "step", "photo", "opening", "letter", "body", "member")  # fmt: skip
            for table in tables:
                found += [repr(tuple(row)).encode() for row in connection.execute(text(f"SELECT * FROM {table}"))]
    found += [file.read_bytes() for file in sorted(inbox.store.settings.data.glob("complaint*"))]
    return b"\n".join(found)


def spellings(secret: str) -> list[bytes]:
    return [secret.encode(), secret.encode("gb18030"), secret.encode("utf-16-le"), repr(secret).encode(),
            secret.encode("unicode_escape"), secret.encode().hex().encode()]  # fmt: skip


class TestTheStore:
    def test_what_is_stored_says_nothing_without_a_key(self, inbox: Inbox) -> None:
        lodged = inbox.lodge(photos=(picture("JPEG", comment=b"CANARY"),))
        following.act(inbox.store, lodged.code, "add", "CANARY又来了", on=TODAY)
        handling.act(inbox.store, inbox.desk("fuling"), 1, "note", "CANARY记录", on=TODAY)
        stored = everything(inbox)
        for secret in ("CANARY", SECRET, "演示路五号", "某甲", "一三八", lodged.code, lodged.shown_code, "once-1"):
            for spelt in spellings(secret):
                assert spelt not in stored, secret
        view = handling.view(inbox.store, inbox.desk("fuling"), 1, on=TODAY)
        assert view.statement is not None
        assert view.statement["said"] == SECRET

    def test_the_intake_can_seal_but_not_open(self, inbox: Inbox) -> None:
        inbox.lodge()
        case = handling.queue(inbox.store, inbox.desk("fuling"), "waiting", on=TODAY)[0]
        for held in (inbox.store.pepper, inbox.store.public_key, sealing.derived(inbox.store.pepper, "code")):
            with pytest.raises(sealing.SealBroken):
                cases.opened_with_console(inbox.store, case, held, "statement")
            with pytest.raises(sealing.SealBroken):
                sealing.unseal(held, cases._wrapped(inbox.store, case, "statement", "code"), "x")

    def test_the_same_form_twice_is_one_complaint_with_one_code(self, inbox: Inbox) -> None:
        with ThreadPoolExecutor(6) as many:
            lodged = list(many.map(lambda _: inbox.lodge("same"), range(6)))
        assert len({(one.reference, one.code, one.body, one.due_on) for one in lodged}) == 1
        assert following.follow(inbox.store, lodged[0].code, on=TODAY).statement["said"] == SECRET
        with inbox.store.looking() as connection:
            assert connection.execute(text("SELECT count(*) FROM complaint")).scalar_one() == 1

    def test_a_try_that_died_between_the_two_databases_leaves_nothing_and_the_next_succeeds(
        self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = lodging._write_wraps

        def dies(*told: Any) -> None:
            write(*told)
            raise KeyboardInterrupt

        monkeypatch.setattr(lodging, "_write_wraps", dies)
        with pytest.raises(KeyboardInterrupt):
            inbox.lodge()
        with inbox.store.looking() as connection:
            assert [connection.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in ("complaint", "step", "photo")] == [0, 0, 0]  # fmt: skip
        monkeypatch.undo()
        assert following.follow(inbox.store, inbox.lodge().code, on=TODAY).statement["said"] == SECRET

    def test_without_room_text_is_taken_and_photos_are_refused_in_words(
        self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("public_site.complaints.store._PHOTO_ROOM", 1 << 60)
        lodged = inbox.lodge(photos=(picture("JPEG"),))
        assert lodged.refused == (lodging.NO_ROOM,)
        assert following.follow(inbox.store, lodged.code, on=TODAY).photos == 0

    def test_erased_is_gone_from_both_databases_and_their_files(self, inbox: Inbox) -> None:
        lodged = inbox.lodge(photos=(picture("JPEG"),))
        old_sealed_half = everything(inbox)
        with inbox.store.wraps.reading() as connection:
            wraps = [bytes(w) for w in connection.execute(text("SELECT wrapped FROM wrap")).scalars()]
        assert len(wraps) == 4
        following.erase(inbox.store, lodged.code, on=TODAY)
        stored = everything(inbox)
        assert not [wrap for wrap in wraps if wrap in stored]
        with pytest.raises(following.UnknownCode):
            following.follow(inbox.store, lodged.code, on=TODAY)
        with pytest.raises(NoSuchComplaint):
            handling.view(inbox.store, inbox.desk("fuling"), 1, on=TODAY)
        with pytest.raises(NotValid, match="已经删除"):
            inbox.lodge()
        assert SECRET.encode() not in old_sealed_half

    @pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
    def test_what_was_erased_while_somebody_was_reading_is_gone_after_the_next_round(self, inbox: Inbox) -> None:
        lodged = inbox.lodge()
        with inbox.store.wraps.reading() as reader:
            wraps = [bytes(w) for w in reader.execute(text("SELECT wrapped FROM wrap")).scalars()]
            following.erase(inbox.store, lodged.code, on=TODAY)
        rounds.keep_up(inbox.store, at=datetime(2026, 3, 2, 4, tzinfo=UTC))
        files = b"".join(file.read_bytes() for file in inbox.store.settings.data.glob("complaint*"))
        assert not [wrap for wrap in wraps if wrap in files]

    def test_what_was_closed_long_ago_is_destroyed(self, inbox: Inbox) -> None:
        lodged = inbox.lodge()
        following.act(inbox.store, lodged.code, "withdraw", on=TODAY)
        assert upkeep.forget(inbox.store, days=90, on=TODAY + timedelta(days=90)) == 0
        assert upkeep.forget(inbox.store, days=90, on=TODAY + timedelta(days=91)) == 1
        with pytest.raises(following.UnknownCode):
            following.follow(inbox.store, lodged.code, on=TODAY)


class TestTheKey:
    def test_it_is_unlocked_at_sign_in_by_those_who_were_lent_it(self, inbox: Inbox) -> None:
        assert not inbox.session("甲", "token-1")
        keys.grant(inbox.store, "甲", inbox.private)
        assert inbox.session("甲", "token-2")
        assert keys.unlocked(inbox.store, "token-2") == inbox.private
        assert keys.unlocked(inbox.store, "token-1") is None
        assert inbox.private not in everything(inbox)
        keys.lock(inbox.store, "token-2")
        assert keys.unlocked(inbox.store, "token-2") is None

    def test_a_changed_password_keeps_it_and_a_reset_one_loses_it(self, inbox: Inbox) -> None:
        inbox.session("甲", "t")
        keys.grant(inbox.store, "甲", inbox.private)
        keys.change_password(inbox.store, "甲", PASSWORD, "另一个长密码山高月小")
        assert inbox.session("甲", "t2", "另一个长密码山高月小")
        assert not inbox.session("甲", "t3", "管理员重置的密码山高月小")

    def test_after_a_rotation_old_copies_open_nothing_and_everything_opens_with_the_new(
        self, inbox: Inbox, tmp_path: Path
    ) -> None:
        lodged, old = inbox.lodge(), inbox.private
        inbox.session("甲", "t")
        keys.grant(inbox.store, "甲", old)
        new = tmp_path / "new.key"
        assert keys.rotate(inbox.store, inbox.offline, PASSPHRASE, new, PASSPHRASE * 2) == 2
        case = handling.queue(inbox.store, inbox.desk_with("fuling", None), "waiting", on=TODAY)[0]
        with pytest.raises(sealing.SealBroken):
            cases.opened_with_console(inbox.store, case, old, "statement")
        with pytest.raises(keys.NotTheKey):
            keys.from_offline(inbox.store, inbox.offline, PASSPHRASE)
        private = keys.from_offline(inbox.store, new, PASSPHRASE * 2)
        assert cases.opened_with_console(inbox.store, case, private, "statement")
        assert inbox.session("甲", "t2")
        assert keys.unlocked(inbox.store, "t2") == private
        assert following.follow(inbox.store, lodged.code, on=TODAY).statement["said"] == SECRET

    def test_a_wrong_passphrase_and_a_second_ceremony_are_refused(self, inbox: Inbox, tmp_path: Path) -> None:
        with pytest.raises(keys.NotTheKey):
            keys.from_offline(inbox.store, inbox.offline, "错的口令")
        with pytest.raises(keys.CeremonyHeld):
            keys.ceremony(inbox.store, tmp_path / "x", PASSPHRASE)
        assert oct(inbox.offline.stat().st_mode & 0o777) == "0o600"


class TestTheWay:
    def test_question_answer_hand_over_reply_not_solved_and_close(self, inbox: Inbox) -> None:
        store, lodged = inbox.store, inbox.lodge()
        assert "属地管理" in lodged.why
        assert (lodged.body, lodged.due_on) == ("演示涪陵区生态环境局", "2026-03-17")
        fuling, nanan, city = inbox.desk("fuling"), inbox.desk("nanan"), inbox.desk("chongqing")
        assert [c.id for c in handling.queue(store, fuling, "waiting", on=TODAY)] == [1]
        for other in (nanan, city):
            assert handling.queue(store, other, "waiting", on=TODAY) == []
            with pytest.raises(NoSuchComplaint):
                handling.view(store, other, 1, on=TODAY)
        handling.act(store, fuling, 1, "ask", "哪个车间？", on=TODAY)
        asked = following.follow(store, lodged.shown_code.lower(), on=TODAY)
        assert asked.case.state == "asked"
        assert asked.steps[-1].said == "哪个车间？"
        following.act(store, lodged.code, "answer", "三车间", on=TODAY + timedelta(days=4))
        answered = following.follow(store, lodged.code, on=TODAY)
        assert (answered.case.state, answered.case.due_on) == ("routed", "2026-03-21")
        handling.act(store, fuling, 1, "offer", "在南岸", to="nanan", on=LATER)
        view = handling.view(store, nanan, 1, on=LATER)
        assert view.may == {"take", "decline"}
        assert "三车间" in [step.said for step in view.steps]
        handling.act(store, nanan, 1, "take", on=LATER)
        with pytest.raises(NoSuchComplaint):
            handling.view(store, fuling, 1, on=LATER)
        handling.act(store, nanan, 1, "accept", on=LATER)
        handling.act(store, nanan, 1, "note", "内部", on=LATER)
        handling.act(store, nanan, 1, "reply", "查过了", on=LATER)
        handling.act(store, nanan, 1, "close", "已处理", code="substantiated", on=LATER)
        seen = following.follow(store, lodged.code, on=LATER)
        assert seen.may_object_until == "2026-03-18"
        assert "内部" not in [step.said for step in seen.steps]
        assert seen.openings == {("演示南岸区生态环境局", "statement"): 1}
        following.act(store, lodged.code, "object", "还在冒烟", on=LATER)
        handling.view(store, city, 1, on=LATER)
        handling.act(store, city, 1, "accept", on=LATER)
        handling.act(store, city, 1, "close", "已整改", code="partly", on=LATER)
        with pytest.raises(workflow.NotNow):
            following.act(store, lodged.code, "object", "再说一次", on=LATER)
        with pytest.raises(NoSuchComplaint):
            handling.view(store, nanan, 1, on=LATER)

    def test_the_contact_opens_with_a_reason_that_the_informant_sees(self, inbox: Inbox) -> None:
        lodged, fuling = inbox.lodge(), inbox.desk("fuling")
        with pytest.raises(NotValid):
            handling.contact(inbox.store, fuling, 1, " ", on=TODAY)
        assert handling.contact(inbox.store, fuling, 1, "约时间现场查看", on=TODAY)["how"] == "CANARY一三八"
        seen = following.follow(inbox.store, lodged.code, on=TODAY)
        assert seen.steps[-1].said == "约时间现场查看"
        assert seen.openings == {("演示涪陵区生态环境局", "contact"): 1}

    def test_nobody_without_the_key_reads_anything(self, inbox: Inbox) -> None:
        inbox.lodge(photos=(picture("PNG"),))
        locked = inbox.desk_with("fuling", None)
        assert handling.view(inbox.store, locked, 1, on=TODAY).statement is None
        for opening in (
            lambda: handling.photo(inbox.store, locked, 1, 1, on=TODAY),
            lambda: handling.contact(inbox.store, locked, 1, "要", on=TODAY),
            lambda: handling.act(inbox.store, locked, 1, "note", "写", on=TODAY),
        ):
            with pytest.raises(handling.Locked):
                opening()
        assert handling.photo(inbox.store, inbox.desk("fuling"), 1, 1, on=TODAY).startswith(b"\xff\xd8")

    def test_what_is_about_a_body_is_never_seen_by_it(self, inbox: Inbox) -> None:
        lodged = inbox.lodge(about_body="fuling")
        assert lodged.body == "演示重庆市生态环境局"
        with pytest.raises(NoSuchComplaint):
            handling.view(inbox.store, inbox.desk("fuling"), 1, on=TODAY)
        city = inbox.desk("chongqing")
        with pytest.raises(NotValid):
            handling.act(inbox.store, city, 1, "offer", "转", to="fuling", on=TODAY)

    def test_a_clock_that_runs_out_moves_it_up_once(self, inbox: Inbox) -> None:
        inbox.lodge()
        assert upkeep.escalate(inbox.store, on=TODAY + timedelta(days=15)) == 0
        late = TODAY + timedelta(days=16)
        assert [upkeep.escalate(inbox.store, on=late) for _ in range(2)] == [1, 0]
        city = inbox.desk("chongqing")
        view = handling.view(inbox.store, city, 1, on=late)
        assert "逾期" in view.steps[-1].code
        handling.act(inbox.store, city, 1, "accept", on=late)
        assert upkeep.escalate(inbox.store, on=late + timedelta(days=61)) == 1
        assert handling.view(inbox.store, inbox.desk("ministry"), 1, on=late).may == frozenset()
        assert handling.view(inbox.store, city, 1, on=late).case.state == "working"

    def test_letters_to_bodies_hold_no_content_and_none_goes_to_an_informant(self, inbox: Inbox) -> None:
        lodged = inbox.lodge()
        with inbox.store.looking() as connection:
            rows = connection.execute(text("SELECT about, reference, body FROM letter")).all()
        assert [tuple(row) for row in rows] == [("new", lodged.reference, "fuling")]

    def test_a_proof_holds_says_no_content_and_breaks_with_any_byte(self, inbox: Inbox) -> None:
        lodged = inbox.lodge()
        proof, settings = following.proof(inbox.store, lodged.code), inbox.store.settings
        own = signing.jwk(log.read_key(settings.proof_key).public_key())
        keys: dict[str, Any] = {"keys": [own | {"purpose": receipt_verifier.PROOFS}]}
        assert receipt_verifier.PROOFS == signing.PROOFS
        assert [name for name, holds, _ in receipt_verifier.verify(proof, keys) if holds] == ["形式", "签名", "内容"]
        told = receipt_verifier.content(proof)
        assert (told["complaint"], told["received_on"]) == (lodged.reference, TODAY.isoformat())
        assert SECRET not in str(told)
        for at in range(len(proof)):
            changed = proof[:at] + ("A" if proof[at] != "A" else "B") + proof[at + 1 :]
            assert not all(holds for _, holds, _ in receipt_verifier.verify(changed, keys)), at
        assert not receipt_verifier.verify(proof, {"keys": [own]})[-1][1], "a key of receipts signs no proofs"

    def test_unknown_malformed_and_erased_codes_are_answered_alike(self, inbox: Inbox) -> None:
        lodged = inbox.lodge()
        following.erase(inbox.store, lodged.code, on=TODAY)
        said = set()
        for code in (lodged.code, "0" * 24, "", "x", "'; DROP TABLE complaint"):
            with pytest.raises(following.UnknownCode) as refused:
                following.follow(inbox.store, code, on=TODAY)
            said.add(str(refused.value))
        assert len(said) == 1


class TestTheTable:
    def test_every_state_can_be_reached_and_every_open_one_left_for_good(self) -> None:
        reached = {act.to for act in workflow.ACTS.values() if act.to} - {workflow.BEFORE}
        assert reached >= set(workflow.STATES) - {"lodged"}
        for state in workflow.OPEN:
            assert {a for a, act in workflow.ACTS.items() if state in act.states and act.to == "withdrawn"}
        assert all(set(act.states) <= set(workflow.STATES) for act in workflow.ACTS.values())

    def test_whoever_is_not_concerned_gets_nothing_whatever_the_state(self, inbox: Inbox) -> None:
        inbox.lodge()
        desks = {body: inbox.desk(body) for body in ("fuling", "nanan", "chongqing", "ministry", "duty")}
        # body, offered_to, late, about → who sees it
        for body, offered, late, about in itertools.product(
            ("fuling", "chongqing"), (None, "nanan"), (0, 1), (None, "chongqing", "nanan")
        ):
            with inbox.store.sealed.writing() as connection:
                connection.execute(text("UPDATE complaint SET body = :b, offered_to = :o, late = :l, about_body = :a"),
                                   {"b": body, "o": offered, "l": late, "a": about})  # fmt: skip
            parent = {"fuling": "chongqing", "chongqing": "ministry"}[body]
            wanted = {body, offered, parent if late else None} - {None, about}
            seen = set()
            for name, desk in desks.items():
                try:
                    handling.view(inbox.store, desk, 1, on=TODAY)
                    seen.add(name)
                except NoSuchComplaint:
                    assert not handling.queue(inbox.store, desk, "waiting", on=TODAY)
            assert seen == wanted, (body, offered, late, about)


def test_nothing_is_open_before_the_ceremony(settings: Settings) -> None:
    from public_site.complaints.store import NotOpenYet, Store

    settings.data.mkdir(parents=True)
    store = Store(settings)
    assert not store.is_open
    for ask in (lambda: store.sealed, lambda: store.wraps, lambda: store.pepper):
        with pytest.raises(NotOpenYet):
            ask()
