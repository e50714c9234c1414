"""What people write on documents, in Chinese and English, read into a cause, whether it happened, and items named.

Rules and a small lexicon, longest match first; what is not understood stays unread. A word is read only where it
stands for itself: "wet" is not in "sweet".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass

CAUSE_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "wrong_item",
        (
            "wrongly coded",
            "wrong coded",
            "wrongly marked",
            "wrongly mrked",
            "wrong barcode",
            "wrong code",
            "incorrectly coded",
            "wrong item",
            "wrongly labelled",
            "mislabelled",
            "mixed up",
            "mix up",
            "mixed",
            "taken from",
            "came coded as",
            "coded as",
            "incorrect stock entry",
            "stock entry",
            "labelled as",
            "should be",
            "re dotcom quick fix",
            "code mix",
            "串货",
            "串码",
            "错码",
            "贴错",
            "发错货",
            "错发",
            "拿错",
            "混放",
            "混货",
            "错货",
            "品种错误",
        ),
    ),
    (
        "unit_error",
        (
            "sold as set",
            "sold as a set",
            "set of",
            "sold in set",
            "sets",
            "wrong unit",
            "sold individually",
            "as single",
            "per box",
            "by the box",
            "inner",
            "单位错误",
            "单位录错",
            "箱当",
            "盒当",
            "按箱",
            "按盒",
            "拆零",
            "拆套",
        ),
    ),
    (
        "gift_unrecorded",
        (
            "gift",
            "sample",
            "samples",
            "giveaway",
            "give away",
            "promotion",
            "free of charge",
            "foc",
            "charity",
            "donation",
            "donated",
            "赠品",
            "赠送",
            "样品",
            "小样",
            "买赠",
            "试用",
            "捐赠",
            "礼品",
            "回馈",
        ),
    ),
    (
        "short_delivery",
        (
            "short delivery",
            "short delivered",
            "short shipped",
            "delivered short",
            "over delivery",
            "not rcvd in",
            "not received in",
            "not rcvd",
            "missing from delivery",
            "少送",
            "少到",
            "短装",
            "短少",
            "到货少",
            "多送",
            "多到",
        ),
    ),
    (
        "return_not_restocked",
        ("customer return", "returned by customer", "amazon returns", "returns", "客退", "退货未入", "客户退回"),
    ),
    (
        "purchase_return_not_posted",
        ("returned to supplier", "return to supplier", "退供", "退供应商", "退厂", "滞销退"),
    ),
    (
        "duplicate_posting",
        (
            "entered twice",
            "booked twice",
            "duplicate",
            "duplicated",
            "double entry",
            "重复录入",
            "重复入账",
            "重复过账",
            "录了两次",
            "重复",
        ),
    ),
    ("reversed_posting", ("wrong direction", "reversed entry", "方向错误", "做反", "录反", "反向", "写反")),
    (
        "count_error",
        (
            "miscount",
            "mis-count",
            "counted wrong",
            "found in",
            "found again",
            "found box",
            "found",
            "stock check",
            "check",
            "check?",
            "counted",
            "盘错",
            "漏盘",
            "重盘",
            "多盘",
            "少盘",
            "误盘",
            "盘点错误",
            "又找到",
            "找到",
        ),
    ),
    ("transfer_unrecorded", ("moved to", "moved from", "relocated", "移库", "移位", "挪到", "搬到", "移至")),
    ("transfer_not_received", ("transfer not received", "调拨未收", "调入未收")),
    (
        "sync_failure",
        (
            "website fixed",
            "website error",
            "dotcom",
            "ebay",
            "amazon",
            "on line",
            "website",
            "sync",
            "接口",
            "同步",
            "漏单",
        ),
    ),
    (
        "scrap_unrecorded",
        (
            "damages/credits from asos",
            "damages wax",
            "damaged",
            "damages",
            "damage",
            "broken",
            "breakages",
            "faulty",
            "crushed boxes",
            "crushed ctn",
            "crushed",
            "smashed",
            "cracked",
            "mouldy",
            "mould",
            "rusty",
            "rusted",
            "wet/rusty",
            "wet boxes",
            "wet ctn",
            "wet",
            "water damage",
            "rotten",
            "thrown away",
            "throw away",
            "unsaleable",
            "discoloured",
            "printing smudges",
            "dirty",
            "dagamed",
            "damges",
            "expired",
            "destroyed",
            "poor quality",
            "display",
            "ooops display",
            "报废",
            "破损",
            "损坏",
            "残损",
            "受潮",
            "发霉",
            "虫蛀",
            "压坏",
            "过期",
            "临期",
            "变质",
            "不合格",
            "碎",
            "摔坏",
        ),
    ),
    (
        "keying_error",
        (
            "keying",
            "typo",
            "typed wrong",
            "wrong qty",
            "incorrect qty",
            "incorrectly put",
            "incorrectly made",
            "wrongly entered",
            "adjustment",
            "录错",
            "录入错误",
            "数量错",
            "更正",
            "多打",
            "少打",
            "输错",
            "数量录错",
        ),
    ),
    ("prior_variance", ("previous stock take", "last count", "上次盘", "上期盘", "前次盘点")),
    ("cutoff", ("next month", "booked late", "late posting", "跨月", "跨期", "次日入账")),
    ("issue_not_posted", ("not invoiced", "sold without", "no invoice", "未开单", "未出库", "漏出库", "漏单发货")),
    ("receipt_not_posted", ("not booked in", "no receipt", "未入账", "漏入库", "补入库")),
    (
        "unknown",
        ("lost in space", "lost??", "lost", "missing?", "missing", "???", "??", "?", "不明", "原因不明", "丢失"),
    ),
)
"""Cause and the words that say it, the more telling causes first."""

NOT_HAPPENED = (
    "取消",
    "改期",
    "作废",
    "延期",
    "推迟",
    "待",
    "暂存",
    "在途",
    "预计",
    "拒收",
    "未发",
    "未到",
    "未提",
    "未取",
    "未领",
    "未执行",
    "不发",
    "搁置",
    "暂缓",
    "退回客户",
    "客户自行",
    "直接报废",
    "未入库",
    "预留",
    "预约",
    "cancel",
    "postpone",
    "pending",
    "await",
    "on hold",
    "in transit",
    "on its way",
    "expected",
    "eta ",
    "not shipped",
    "not yet",
    "refused",
    "rejected",
    "void",
    "reserved",
    "to be collected",
    "to be picked",
    "planned",
)
HAPPENED = (
    "已发",
    "已送",
    "已出",
    "已领",
    "已取",
    "已提",
    "已到",
    "已收",
    "随货",
    "随单",
    "补发",
    "带走",
    "买赠",
    "shipped",
    "delivered",
    "handed",
    "given",
    "sent",
    "collected",
    "taken",
    "with the order",
    "enclosed",
)
CODE = re.compile(r"(?<![0-9a-z])(\d{4,6}[a-z]{0,2}|[a-z]{1,3}-?[a-z0-9]{2,}-\d{2,}|[a-z]{1,3}\d{4,})(?![0-9a-z])")
MOVE = re.compile(r"([0-9a-z\-]+)\s*(?:移至|移到|调至|调到|搬至|搬到|转至|→|->|to)\s*([0-9a-z\-]+)")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says; None and empty where it says nothing."""

    cause: str | None = None
    happened: bool | None = None
    items: tuple[str, ...] = ()
    move: tuple[str, str] | None = None


def read(text: str, known_items: Container[str] = ()) -> Reading:
    """Read one note. `known_items` decides which codes are items; without it every code-like word is one."""
    plain = _plain(text)
    if not plain:
        return Reading()
    codes = dict.fromkeys(match.upper() for match in CODE.findall(plain))
    items = tuple(code for code in codes if not known_items or code in known_items)
    cause = next((cause for cause, words in CAUSE_WORDS if any(_says(plain, word) for word in words)), None)
    if cause is None and items:
        cause = "wrong_item"
    moved = MOVE.search(plain)
    return Reading(
        cause,
        False
        if any(word in plain for word in NOT_HAPPENED)
        else True
        if any(word in plain for word in HAPPENED)
        else None,
        items,
        (moved[1].upper(), moved[2].upper()) if moved else None,
    )


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def _says(text: str, word: str) -> bool:
    if not word.isascii() or not word[0].isalnum():
        return word in text
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text) is not None
