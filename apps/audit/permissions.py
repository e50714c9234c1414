from apps.core.permissions import declare

declare({"audit.entry.view": "owner auditor"})
