"""Tells from a column's name what personal data it seems to hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Group = Literal["direct", "special", "quasi"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a name says.

    Attributes:
        kind: In the reader's words.
        group: "direct" (says who somebody is), "special" (GDPR Art. 9 and 10), "quasi" (about a person, and together
            with others enough to find one: Sweeney 2000).
        ambiguous: The same word is often said of things, so that a log's field of this name says nothing.
    """

    kind: str
    group: Group
    ambiguous: bool = False


def meaning(name: str) -> Meaning | None:
    """What a column's or field's name says; None when nothing speaks for personal data.

    Args:
        name: "native-country", "NativeCountry", "user.email"; of a dotted path the last part counts, or the last two.
    """
    last, both = normal(name.rpartition(".")[2]), normal("_".join(name.split(".")[-2:]))
    for text in dict.fromkeys((both, last)):
        words = text.split("_")
        if _AGGREGATE & {words[0], words[-1]}:
            continue
        bare = re.sub(r"^(is|has|was)_", "", text)  # is_married, has_diabetes
        for rule, what in _RULES:
            about = what.group == "direct" and _ABOUT & {words[0], words[-1]}
            if not about and rule.fullmatch(text if what.group == "direct" else bare):
                return what
    return None


def normal(name: str) -> str:
    """Words in lower case joined by "_": "NativeCountry", "native-country" and "native country" are one."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", split.lower()).strip("_")


_PERSON = (
    "(customer|user|patient|applicant|person|employee|member|driver|passenger|borrower|subscriber|student|candidate|"
    "guest|recipient|buyer|cardholder|account_holder|respondent|participant|household)"
)
_NUMBER = "(_number|_no|_num|_id)?"
# What is counted over many people.
_AGGREGATE = frozenset(
    ["rate", "ratio", "share", "pct", "percent", "percentage", "avg", "mean", "median", "distribution"]
)
# What is about an identifier and not the identifier: email_count, has_phone, address_type, is_email_verified.
_ABOUT = frozenset((
    "count", "counts", "cnt", "n", "nr", "has", "is", "flag", "type", "verified", "valid", "length", "len", "size",
    "sent", "opened", "clicked", "template", "domain", "provider", "missing", "total",
))  # fmt: skip


def _rule(group: Group, kind: str, *names: str, ambiguous: bool = False) -> tuple[re.Pattern[str], Meaning]:
    return re.compile("|".join(names)), Meaning(kind=kind, group=group, ambiguous=ambiguous)


_RULES = (
    _rule("direct", "email address", r"(.+_)?e_?mail(_address|_addr|_id)?(_\d)?"),
    _rule(
        "direct", "phone number", rf"(.+_)?(tele)?phone{_NUMBER}(_\d)?", r"(.+_)?(mobile|cell|fax)_(phone|number|no)"
    ),
    _rule("direct", "phone number", "msisdn"),
    _rule(
        "direct", "person's name", r"(.+_)?(first|last|full|given|family|middle|maiden)_?name", "surname", "forename"
    ),
    _rule("direct", "person's name", rf"({_PERSON}|contact|client|owner|sender)_?name"),
    _rule("direct", "user name", r"user_?name", r"login(_name)?"),
    _rule(
        "direct", "postal address", r"(home|postal|mailing|billing|shipping|delivery|residential|street)_address(_.*)?"
    ),
    _rule("direct", "postal address", "street(_name)?"),
    _rule("direct", "IP address", r"(.+_)?ip_(addr|address)", "ipv[46](_addr|_address)?", "remote_addr"),
    _rule("direct", "IP address", "(client|remote|source|src|peer|user)_ip"),
    _rule("direct", "date of birth", r"(.+_)?(dob|birth_?(date|day)|date_of_birth)"),
    _rule(
        "direct", "national number", "ssn", f"social_security{_NUMBER}", f"(national|personal)_(id|insurance){_NUMBER}"
    ),
    _rule("direct", "national number", "nino", "nhs_(number|no)", "tax_id", "pesel", "aadhaar", "cpf", "personnummer"),
    _rule("direct", "passport or licence", f"passport{_NUMBER}", f"driv(ers?|ing)_?licen[cs]e{_NUMBER}"),
    _rule("direct", "bank account", "iban", "(bank_)?account_(number|no)", "bank_account(_.*)?"),
    _rule("direct", "payment card", "(credit_?|debit_?|payment_?)?card_(number|no|num)", "cc_(number|no|num)"),
    _rule("direct", "location of a person", f"({_PERSON}|home)_(lat(itude)?|lon(gitude)?|lng|location)"),
    _rule("direct", "device or cookie", "device_id", "imei", "mac_addr(ess)?", "advertising_id", "idfa", "cookie_id"),
    _rule("direct", "pseudonym", f"{_PERSON}_?(id|key|uuid|guid|number|no)"),
    _rule(
        "special", "racial or ethnic origin", "race", "ethnic(ity|_group|_origin)?", "race_ethnicity", "skin_colou?r"
    ),
    _rule("special", "religion or belief", "religion", "religious_.*"),
    _rule("special", "political opinion", "political_.*", "party_affiliation", "voted_for"),
    _rule("special", "union membership", "(trade_|labou?r_)?union_member(ship)?"),
    _rule("special", "sex life or orientation", "sexual_.*", "sex_orientation"),
    _rule(
        "special", "health", r"diagnos[ie]s(_code|_date)?", r"icd_?(9|10|11)?(_?code)?", "disabilit(y|ies)", "disabled"
    ),
    _rule(
        "special", "health", "medical_.*", "medications?", "blood_(type|group|pressure)", "bmi", "pregnan(t|cy|cies)"
    ),
    _rule("special", "health", "smok(er|ing)(_status)?", "diabet(es|ic)", "cholesterol", "hiv(_.*)?", "heart_disease"),
    _rule("special", "health", "health_(condition|record)", "comorbidit(y|ies)"),
    _rule("special", "genetic or biometric data", "genotype", "genetic_.*", "biometrics?(_.*)?", "iris_scan"),
    _rule("special", "genetic or biometric data", "face_(embedding|encoding)"),
    _rule("special", "criminal record", "criminal_.*", "convictions?(_.*)?", "arrests?(_.*)?"),
    _rule("quasi", "sex or gender", "sex", "gender(_.*)?", "sex_at_birth"),
    _rule("quasi", "family status", "(marital|civil|family)_status", "married"),
    _rule("quasi", "nationality or origin", "nationality", "citizenship(_.*)?", "(native|birth)_country"),
    _rule("quasi", "nationality or origin", "country_of_(birth|origin|citizenship)", "(place|city)_of_birth"),
    _rule("quasi", "nationality or origin", "birth_?place", "immigration_status"),
    _rule("quasi", "year of birth", "birth_?year", "year_of_birth", "yob"),
    _rule("quasi", "postcode", "zip_?code", "post_?code", "postal_?code"),
    _rule("quasi", "occupation", "occupation", "profession", "job_title", "employer(_name)?"),
    _rule("quasi", "age", f"{_PERSON}_age", "age_(years?|group|band|bucket|range)", "age_in_years"),
    _rule("direct", "person's name", "name", ambiguous=True),
    _rule("direct", "postal address", r"address(_?line)?(_?\d)?", ambiguous=True),
    _rule("direct", "IP address", "ip", ambiguous=True),
    _rule("quasi", "age", "age", ambiguous=True),
    _rule("quasi", "family status", "relationship", ambiguous=True),
    _rule("quasi", "postcode", "zip", ambiguous=True),
)
