"""Chinese names as letters: for sorting, and for finding 农夫山泉 by nongfu or nfsq."""

from __future__ import annotations

from pypinyin import Style, lazy_pinyin


def sort_key(name: str) -> str:
    """“nongfushanquan nfsq” for 农夫山泉: the whole sound, then its initials, at most 200 characters.

    Written to `Item.sort_key` by whoever writes the name, because the database has no Chinese collation.
    """
    sound = "".join(lazy_pinyin(name)).replace(" ", "").lower()
    initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).replace(" ", "").lower()
    return f"{sound[:150]} {initials[:49]}" if initials != sound else sound[:200]
