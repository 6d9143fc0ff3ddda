"""Tells an answer from the statement that the documents hold none."""

from __future__ import annotations

from collections.abc import Sequence

import regex

_GIVEN = r"(?:provided|given|supplied|above|available|numbered|following|retrieved|present)"
_TEXT = (
    rf"(?:the|this|that|these|those|your|my|our|any|any\ of\ the|none\ of\ the)?\s*(?:{_GIVEN}\s+)*"
    r"(?:documents?|documentation|context|excerpts?|texts?|passages?|sources?|information|materials?|articles?|content)"
    rf"(?:\s+(?:that\ (?:is|was|are|were)\s+|you(?:'ve|\ have)?\s+)?{_GIVEN})?"
)
_NOT = r"(?:(?:do|does|did|is|are|was|were|has|have|can|could)(?:\ not|n't)|cannot|can't|never|fails?\ to)"
_LACKS = (
    r"(?:lacks?|(?:make|give|contain|hold|provide|mention|include|offer|have|has|say)s?\ (?:no|nothing)|"
    r"(?:is|are)\ silent)\b"
)
_SAY = (
    r"(?:say|state|mention|contain|hold|provide|include|specify|specif|give|tell|answer|address|discuss|cover|indicate|"
    r"reveal|describe|explain|list|name|offer|identify|disclose|clarify|define|detail|have|supply|refer|note|report|"
    r"show|explicit|enough|sufficient)\w*"
)
_SAID = (
    r"(?:said|stated|mentioned|contained|provided|included|specified|given|told|answered|addressed|discussed|covered|"
    r"indicated|revealed|described|explained|listed|named|found|available|identified|clear|known|present|in)"
)
_ADVERB = r"(?:(?:\w+ly|ever|any\ \w+|clear)\s+){0,2}"
_KNOWLEDGE = r"(?:information|mention|answer|details?|data|reference|indication)"
_OF = (
    r"\s*(?:[.,]|$|(?:in|about|on|regarding|given|provided|available|concerning|of|as\ to|to|for|that|whether|how|when|"
    r"who|where|why|what|related|relating|from|(?:is|was|are|were)\ (?:given|provided|available|mentioned|included))\b)"
)
_FROM = rf"(?:based\ on|according\ to|from|in|given)\s+{_TEXT}"
_LEAD = (
    r"(?:(?:unfortunately|sorry|i'm\ sorry|i\ am\ sorry|i\ apologi[sz]e|however|but|no|answer|"
    rf"{_FROM})\s*[,.:;]?\s*(?:but\s+|that\s+)?)*"
)
_SAYS_NOTHING = regex.compile(rf"\W*(?:(?:{_FROM}|yes|no)\s*[,:]\s*)+", regex.VERBOSE | regex.IGNORECASE)
_REFUSING = regex.compile(
    rf"""{_LEAD}(?:
        {_TEXT}(?:[\s,]+and)?\s+(?:{_NOT}\s+{_ADVERB}{_SAY}|{_LACKS})
      | (?:it|this|that|the\ (?:answer|information))\s+(?:is|was)(?:\ not|n't)\s+(?:in|within|part\ of)\s+{_TEXT}
      | (?:it|this|that|(?:[\w'-]+\s+){{1,12}}?)\s*
        (?:is|are|was|were|has|have)(?:\ not|n't)\ (?:been\ )?{_ADVERB}{_SAID}\s+
        (?:in|by|from|within|anywhere\ in)\s+{_TEXT}
      | there\s+(?:is|are|was|were)\s+(?:no|not\ enough|insufficient|not\ any|n't\ any)\s+
        (?:[\w-]+\s+){{0,3}}?{_KNOWLEDGE}{_OF}
      | no\s+(?:[\w-]+\s+){{0,3}}?{_KNOWLEDGE}{_OF}
      | none\s+of\s+{_TEXT}
      | (?:it|this)\s+(?:is|was)\s+(?:not\ possible|impossible|unclear|not\ clear|unknown)\s+(?:\w+\s+){{0,2}}?
        (?:to\ (?:say|tell|answer|determine|know)|from\s+{_TEXT})
      | (?:i|we)\s+(?:cannot|can't|can\ not|could\ not|couldn't|am\ unable\ to|do\ not|don't|was\ unable\ to)\s+
        (?:answer|determine|find|tell|say|know|provide|have|see|give)
      | (?:not|never)\s+{_SAID}(?:\s+in\s+{_TEXT})?\s*[.!]?$
      | (?:unknown|n/a|insufficient\ (?:information|context|data)|unable\ to\ (?:answer|determine|say|find))\b
      | (?:.{{1,160}}?)\s(?:cannot|can't|can\ not|could\ not)\ be\ (?:\w+\ )?(?:answered|determined|found|inferred|told|
        known|identified|concluded)\s+(?:\w+\s+){{0,2}}?(?:from|with|in|by|based\ on|using)\s+{_TEXT}
    )""",
    regex.VERBOSE | regex.IGNORECASE,
)
_BUT = regex.compile(r"\b(?:but|however|although|though|yet)\b", regex.IGNORECASE)
_EMPHASIS = "*_\"'“‘ "


def substance(sentence: str) -> str:
    """What a sentence of an answer says, without a beginning such as "Based on the context, yes,"."""
    match = _SAYS_NOTHING.match(sentence)
    return sentence[match.end() :] if match else sentence


def refuses(said: Sequence[tuple[str, tuple[int, ...]]]) -> bool:
    """Whether an answer says that the documents do not hold one.

    It does if its first sentence says so and no later sentence cites a number: that would answer part of the question.

    Args:
        said: Its sentences, each with the numbers that it carries; see ``statements``.
    """
    if not said:
        return False
    first = said[0][0].replace("’", "'").lstrip(_EMPHASIS)
    match = _REFUSING.match(first)
    if match is None:
        return False
    goes_on = bool(said[0][1]) and _BUT.search(first, match.end()) is not None
    return not goes_on and not any(numbers for _, numbers in said[1:])
