from apps.core.permissions import declare

READERS = "owner manager controller finance auditor"

declare(
    {
        "variances.variance.view": READERS,
        "variances.variance.assign": "manager controller",
        "variances.explanation.view": READERS,
        "variances.explanation.make": "manager controller",
        "variances.cause.confirm": "controller",
        "variances.cause.remove": "controller",
        "variances.evidence.add": "manager controller",
        "variances.cause_type.view": READERS,
        "variances.cause_type.save": "owner",
    },
)
