"""Recognises personal data in a text by form and checksum: what is listed here and nothing else.

Sources: ISO 7064 (IBAN, mod 97-10); ISO/IEC 7812-1 (payment cards: issuer ranges, lengths, Luhn); E.164 (phone
numbers); RFC 5322 in the form that mail providers accept, RFC 2606 and 5737 (names and addresses for examples); the
rules of the US Social Security Administration (areas 000, 666 and 900 to 999, group 00 and serial 0000 are never
given); the NHS data dictionary (mod 11).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable  # noqa: TC003 - a field's type
from dataclasses import dataclass
from typing import Literal

LONGEST = 20_000  # characters of one value that are looked at
Strength = Literal["strong", "medium", "column"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One kind of personal data.

    Attributes:
        kind: In the reader's words.
        strength: How much one match says. "strong": chance does not make it, so one is enough. "medium": chance may,
            so several distinct ones are needed. "column": chance does it often (a tenth of all digit strings passes
            Luhn), so that nearly a whole column must be of this form.
        form: Where to look.
        valid: Whether a match is one.
        least_valid: Share of what has the form that must be valid: article numbers of the same form mostly are not.
    """

    kind: str
    strength: Strength
    form: re.Pattern[str]
    valid: Callable[[str], bool]
    least_valid: float = 0.0


def matches(pattern: Pattern, text: str) -> tuple[set[str], int]:
    """What a text holds of one kind, and how many have the form alone; the caller counts and forgets them."""
    formed = {m[0] for m in pattern.form.finditer(text[:LONGEST])}
    valid = {one for one in formed if pattern.valid(one)}
    return valid, len(formed) - len(valid)


def luhn(digits: str) -> bool:
    """Whether the check digit of ISO/IEC 7812-1 fits; one random string in ten passes."""
    doubled = [d for c in digits[-2::-2] for d in divmod(2 * int(c), 10)]
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def payment_card(text: str) -> bool:
    """Whether the digits have an issuer's range, the length that goes with it, and a fitting check digit."""
    digits = re.sub(r"[^0-9]", "", text)
    known = any(re.match(prefix, digits) and len(digits) in lengths for prefix, lengths in _ISSUERS)
    return known and len(set(digits)) > 1 and luhn(digits)


def iban(text: str) -> bool:
    """Whether country and length go together and the remainder by 97 is 1."""
    plain = text.replace(" ", "").upper()
    if _IBAN_LENGTHS.get(plain[:2]) != len(plain):
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def social_security_number(text: str) -> bool:
    """Whether area, group and serial are ones that are given out; the published sample numbers are not."""
    digits = re.sub(r"[^0-9]", "", text)
    given = digits[:3] not in ("000", "666") and digits[:1] != "9" and digits[3:5] != "00" and digits[5:] != "0000"
    return len(digits) == 9 and given and digits not in _SAMPLES and len(set(digits)) > 1


def nhs_number(text: str) -> bool:
    """Whether the check digit mod 11 fits; one random string in eleven passes."""
    digits = [int(c) for c in text if c in "0123456789"]
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    check = 11 - sum(d * (10 - i) for i, d in enumerate(digits[:9])) % 11
    return check != 10 and digits[9] == check % 11


def _email(text: str) -> bool:
    local, _, domain = text.lower().partition("@")
    return local not in _ROLES and not _EXAMPLE_DOMAIN.search(domain)


def _phone(text: str) -> bool:
    digits = re.sub(r"[^0-9]", "", text)
    fictitious = re.search(r"55501\d\d$", digits)  # reserved for films and books
    return len(digits) <= 15 and len(set(digits)) > 2 and not fictitious


def _american_phone(text: str) -> bool:
    """The North American plan: area and exchange begin with 2 to 9, and neither is one of the services (N11)."""
    digits = re.sub(r"[^0-9]", "", text)
    planned = re.fullmatch(r"[2-9]\d\d[2-9]\d{6}", digits) and digits[1:3] != "11" and digits[4:6] != "11"
    return bool(planned) and _phone(text)


def _public_address(text: str) -> bool:
    """Global addresses alone; a version such as 4.2.0.1 has small numbers, of real addresses 0.4 % have."""
    try:
        return ipaddress.ip_address(text).is_global and (":" in text or max(map(int, text.split("."))) > 63)
    except ValueError:
        return False


_SAMPLES = ("078051120", "123456789", "219099999", "987654320")
# Addresses of no person.
_ROLES = frozenset((
    "noreply", "no-reply", "support", "info", "sales", "admin", "contact", "help", "hello", "office", "postmaster",
    "webmaster", "abuse", "security", "git",
))  # fmt: skip
_EXAMPLE_DOMAIN = re.compile(r"(^|\.)(example(\.(com|org|net))?|test|invalid|localhost|local)$")
_ISSUERS = (
    (r"4", (13, 16, 19)), (r"5[1-5]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720)", (16,)), (r"3[47]", (15,)),
    (r"3(0[0-5]|[68])", (14,)), (r"6(011|5|4[4-9])", (16, 19)), (r"35(2[89]|[3-8])", (16, 17, 18, 19)),
    (r"62", (16, 17, 18, 19)),
)  # fmt: skip
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


def _form(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.ASCII)


_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
PATTERNS = (
    Pattern(
        kind="email address", strength="strong", valid=_email,
        form=_form(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@", r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+",
                   r"[A-Za-z]{2,24}(?![\w-])"),
    ),
    Pattern(
        kind="bank account (IBAN)", strength="strong", valid=iban,
        form=_form(r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)",
                   r"(?![A-Za-z0-9])"),
    ),
    Pattern(
        kind="payment card", strength="strong", valid=payment_card,
        form=_form(r"(?<![\d-])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}|3\d{3}([ -])\d{6}\2\d{4,5})(?![\d-])|",
                   r"(?i:\b(?:card|visa|mastercard|amex|cc|pan)\b)[^0-9]{0,20}\d{13,19}(?!\d)"),
    ),
    Pattern(
        kind="social security number (US)", strength="strong", valid=social_security_number,
        form=_form(r"(?i:\b(?:ssn|social security)\b)[^0-9]{0,20}\d{3}-?\d{2}-?\d{4}(?![\w-])"),
    ),
    Pattern(
        kind="social security number (US)", strength="medium", valid=social_security_number, least_valid=0.95,
        form=_form(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"),
    ),
    Pattern(
        kind="phone number", strength="strong", valid=_phone,
        form=_form(r"(?<![\w+.])\+[1-9](?:[ ()-]{0,2}\d){9,14}(?![\w-]|\.\d)"),
    ),
    Pattern(
        kind="phone number", strength="medium", valid=_american_phone, least_valid=0.95,
        form=_form(r"(?<![\w+.-])(?:\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?![\w-]|\.\d)"),
    ),
    Pattern(
        kind="IP address", strength="medium", valid=_public_address,
        form=_form(rf"(?<![\w.:])(?:{_OCTET}(?:\.{_OCTET}){{3}}|[0-9A-Fa-f]{{0,4}}:[0-9A-Fa-f:]{{4,38}})(?![\w:]|\.\d)"),
    ),
    Pattern(kind="payment card", strength="column", form=_form(r"\A\d{13,19}\Z"), valid=payment_card),
    Pattern(kind="NHS number (UK)", strength="column", form=_form(r"\A\d{3} ?\d{3} ?\d{4}\Z"), valid=nhs_number),
)  # fmt: skip
