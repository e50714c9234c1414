"""What every app stands on, and nothing that knows counting.

Nouns: organization scope, tenant row, rule violation, permission, transition, origin.

Laws
- A tenant row carries its `organization` and stands behind three lines of defence: the manager that adds
  the organization when SQL is compiled (`tenancy.OrganizationManager`), the composite foreign key
  (`tenancy.TenantForeignKey`), and row-level security (`tenancy.TenantTable`). A model gets all three by
  deriving from `models.OrganizationOwned`; it cannot forget one.
- Work happens inside `tenancy.organization_scope`. There are five entrances, and no others: a page or
  API request (organizations.middleware), a job (organizations.tasks), a management command, `shell
  --organization`, a test.
- Whatever a user did wrong is a `RuleViolation` with a code and a message that says what to do.

This package has no tables and its list of files is closed: a test compares it.
"""
