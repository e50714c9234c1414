from apps.audit.models import AuditEntry
from apps.audit.selectors import verify_chain


def test_opening_writes_the_first_entries(organization, person):
    person("zhou", "manager")
    assert [entry.action for entry in AuditEntry.objects.order_by("sequence")] == [
        "organizations.organization.opened",
        "organizations.member.added",
    ]
    assert verify_chain() == []


def test_page(organization, person, browse):
    response = browse(person("zhou", "manager")).get("/o/alpha/admin/")
    assert response.status_code == 200
