from django.db import migrations, models

import apps.core.tenancy
import apps.organizations.validators


class Migration(migrations.Migration):
    """API tokens are looked up inside the organization that the address names: the platform need not read them."""

    dependencies = [("organizations", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="apitoken", name="organizations_apitoken_tenant"),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=apps.core.tenancy.TenantTable(name="organizations_apitoken_tenant", platform_readable=False),
        ),
        migrations.AlterField(
            model_name="organization",
            name="currency",
            field=models.CharField(
                default="CNY",
                max_length=3,
                validators=[apps.organizations.validators.validate_currency],
                verbose_name="currency",
            ),
        ),
        migrations.AlterField(
            model_name="organization",
            name="language",
            field=models.CharField(
                default="zh-hans",
                max_length=10,
                validators=[apps.organizations.validators.validate_language],
                verbose_name="language",
            ),
        ),
    ]
