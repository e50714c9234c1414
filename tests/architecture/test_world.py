from apps.core.tenancy import organization_scope
from tests.architecture.code import tenant_models
from tests.architecture.world import build
from tests.organizations.builders import make_operator


def test_every_tenant_table_holds_a_row(db):
    world = build("twin", make_operator(), mark="金丝雀", cost="913.57", alone="ALONE")
    with organization_scope(world.organization):
        assert [model._meta.label for model in tenant_models() if not model.objects.exists()] == []
