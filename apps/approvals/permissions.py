from apps.core.permissions import declare

declare({"approvals.approval.view": "owner manager controller finance auditor"})
