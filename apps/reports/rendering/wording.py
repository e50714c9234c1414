"""What figures are called and said, in the active language: one place for the PDF, the page, files and mail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.core.templatetags.figures import money, percent, quantity, signed, signed_money
from apps.movements.enums import DocumentType
from apps.reports.selectors import Line
from apps.variances.enums import CAUSE_NAMES, EvidenceKind, Verdict


def cause_name(code: str, own_name: str = "") -> str:
    """The organization's own word, else the built-in one; the empty code is the unexplained rest."""
    if not code:
        return _("Unexplained")
    return own_name or str(CAUSE_NAMES.get(code, code))


def verdict_name(verdict: str) -> str:
    return str(Verdict(verdict).label) if verdict else ""


def line_status(line: Line) -> str:
    """Not counted, counted zero, not on the list, overage, shortage or matching: never an empty word."""
    if line.counted is None:
        return _("not counted")
    words = [_("not on the list")] if line.found else []
    if line.counted == 0:
        words.append(_("counted zero"))
    words.append(_("matching") if not line.variance else _("overage") if line.variance > 0 else _("shortage"))
    return listed(words)


def evidence_words(shown: Mapping[str, Any]) -> str:
    """A piece of evidence in one phrase: type and number of a document, a note, the name of a file."""
    if shown["doc_no"]:
        words = f"{DocumentType(shown['doc_type']).label} {shown['doc_no']}"
    elif shown["entry_no"]:
        words = _("count entry") + f" {shown['entry_no']}"
    elif shown["file_name"]:
        words = _("file") + f" {shown['file_name']}"
    else:
        words = "" if shown["kind"] == EvidenceKind.NOTE else str(EvidenceKind(shown["kind"]).label)
    return (
        _("%(what)s: %(note)s") % {"what": words, "note": shown["note"]}
        if words and shown["note"]
        else (words or shown["note"])
    )


def documents_of(part: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(shown["doc_no"] for shown in part["evidence"] if shown["doc_no"]))


def listed(words: Iterable[str]) -> str:
    return ("、" if _is_chinese() else ", ").join(words)


def sentences(said: Iterable[str]) -> str:
    """Sentences as a paragraph: Chinese ones without spaces between them."""
    return ("" if _is_chinese() else " ").join(said)


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def equation(line: Mapping[str, Any]) -> str:
    """The whole of a variance in one sentence, the rest also when it is 0."""
    causes = [part for part in line["parts"] if part["code"]]
    rest = sum((_number(part["quantity"]) for part in line["parts"] if not part["code"]), Decimal(0))
    values = {
        "book": quantity(line["book"]),
        "counted": quantity(line["counted"]),
        "variance": signed(line["variance"]),
        "rest": signed(rest),
    }
    if not causes:
        return _("Book %(book)s, counted %(counted)s, variance %(variance)s; unexplained %(rest)s.") % values
    parts = " + ".join(f"{cause_name(part['code'], part['name'])} {signed(part['quantity'])}" for part in causes)
    return _("Book %(book)s, counted %(counted)s, variance %(variance)s = %(parts)s; unexplained %(rest)s.") % {
        **values,
        "parts": parts,
    }


def conclusion(content: Mapping[str, Any]) -> str:
    """The report in one paragraph, from its figures (numbers, or text as the report's row keeps them)."""
    summary, currency = content["summary"], content["organization"]["currency"]
    said = []
    if summary["differing"]:
        said.append(_differences(content))
        if content["tolerance"]:
            said.append(
                _("Differing lines: %(differing)s, of which %(within)s within tolerance and %(beyond)s beyond.")
                % {
                    "differing": quantity(summary["differing"]),
                    "within": quantity(summary["within"]["lines"]),
                    "beyond": quantity(summary["beyond"]["lines"]),
                }
            )
        said.extend(_explanation(content))
    else:
        said.append(
            _("All %(counted)s counted lines match their book, worth %(book)s.")
            % {"counted": quantity(summary["counted"]), "book": money(summary["book"]["value"], currency)}
        )
    if summary["uncounted"]:
        said.append(
            _("Lines not counted: %(uncounted)s; they are not taken as zero.")
            % {"uncounted": quantity(summary["uncounted"])}
        )
    if summary["differing"]:
        said.append(_adjusted(summary, currency))
    return sentences(said)


def _differences(content: Mapping[str, Any]) -> str:
    summary, currency = content["summary"], content["organization"]["currency"]
    net, book = _number(summary["net"]["value"]), _number(summary["book"]["value"])
    values = {
        "book": money(book, currency),
        "loss": money(abs(_number(summary["loss"]["value"])), currency),
        "gain": money(summary["gain"]["value"], currency),
        "net": signed_money(net, currency),
        "share": percent(abs(net) / book, 2) if book > 0 else "",
    }
    if book > 0:
        return (
            _(
                "The book of the counted lines is worth %(book)s. Shortage %(loss)s, overage %(gain)s: "
                "net variance %(net)s, which is %(share)s of the book."
            )
            % values
        )
    return _("Shortage %(loss)s, overage %(gain)s: net variance %(net)s.") % values


def _explanation(content: Mapping[str, Any]) -> list[str]:
    summary, currency = content["summary"], content["organization"]["currency"]
    rest, causes = summary["unexplained"], [row for row in content["by_cause"] if row["code"]]
    said = []
    if not rest["lines"]:
        said.append(_("Every variance is explained and confirmed; unexplained 0."))
    elif summary["explained_share"] is not None:
        said.append(
            _("Explained and confirmed: %(share)s of the variance value; unexplained: %(rest)s on %(lines)s lines.")
            % {
                "share": percent(summary["explained_share"]),
                "rest": money(rest["absolute"], currency),
                "lines": quantity(rest["lines"]),
            }
        )
    else:
        said.append(_("Lines with an unexplained rest: %(lines)s.") % {"lines": quantity(rest["lines"])})
    if causes:
        names = listed(cause_name(row["code"], row["name"]) for row in causes[:4])
        said.append(_("Main causes: %(causes)s.") % {"causes": names})
    return said


def _adjusted(summary: Mapping[str, Any], currency: str) -> str:
    adjusted = summary["adjusted"]
    if not adjusted["lines"]:
        return _("No adjustment has been posted.")
    return _("Adjusted by posting: %(lines)s lines, net %(net)s.") % {
        "lines": quantity(adjusted["lines"]),
        "net": signed_money(adjusted["net"], currency),
    }


def _number(value: Any) -> Decimal:
    return Decimal(str(value))
