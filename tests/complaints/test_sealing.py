"""Seals, wraps and codes: each opens with its own key as its own thing, and with nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from public_site.complaints import sealing


@given(st.binary(max_size=300), st.text(max_size=20))
def test_what_is_sealed_opens_with_its_key_as_itself_only(data: bytes, bound: str) -> None:
    key = sealing.new_key()
    sealed = sealing.seal(key, data, bound)
    assert sealing.unseal(key, sealed, bound) == data
    for other_key, other in ((sealing.new_key(), bound), (key, bound + "x")):
        with pytest.raises(sealing.SealBroken):
            sealing.unseal(other_key, sealed, other)


def test_any_flipped_byte_is_found() -> None:
    key = sealing.new_key()
    private, public = sealing.new_pair()
    openers: list[tuple[bytes, Callable[[bytes], bytes]]] = [
        (sealing.seal(key, b"said", "a"), lambda s: sealing.unseal(key, s, "a")),
        (sealing.wrap(key, public, "a"), lambda s: sealing.unwrap(private, s, "a")),
    ]
    for sealed, opens in openers:
        opens(sealed)
        for at in range(len(sealed)):
            broken = bytearray(sealed)
            broken[at] ^= 1
            with pytest.raises(sealing.SealBroken):
                opens(bytes(broken))


def test_a_wrap_opens_for_its_recipient_only() -> None:
    key, (private, public) = sealing.new_key(), sealing.new_pair()
    wrapped = sealing.wrap(key, public, "T1 statement")
    assert sealing.unwrap(private, wrapped, "T1 statement") == key
    with pytest.raises(sealing.SealBroken):
        sealing.unwrap(sealing.new_pair()[0], wrapped, "T1 statement")
    with pytest.raises(sealing.SealBroken):
        sealing.unwrap(private, wrapped, "T2 statement")
    assert sealing.wrap(key, public, "T1 statement") != wrapped


def test_a_code_has_120_bits_and_is_read_however_it_is_typed() -> None:
    code = sealing.letters(os.urandom(32), "code", "once", sealing.CODE_LENGTH)
    assert len(code) * 5 == 120
    shown = sealing.in_groups(code)
    for typed in (
        shown,
        code.lower(),
        shown.replace("-", " "),
        shown.replace("0", "O").replace("1", "l"),
        f" {code}\t",
    ):
        assert sealing.code_as_meant(typed) == code
    for typed in ("", code[:-1], code + "A", code[:-1] + "U", code[:-1] + "é", code[:-1] + "１"):
        assert sealing.code_as_meant(typed) is None


def test_codes_of_different_forms_share_nothing() -> None:
    pepper = os.urandom(32)
    codes = {sealing.letters(pepper, "code", str(n), 24) for n in range(2_000)}
    assert len(codes) == 2_000
    assert len({sealing.letters(os.urandom(32), "code", "same", 24) for _ in range(100)}) == 100
