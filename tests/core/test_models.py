from apps.organizations.models import Department, Job


def test_changes_are_told_once(organization):
    row = Department(code="D1", name="a")
    row.save()
    assert row.changed_values()["name"] == [None, "a"]
    row.settle_values()
    row.name = "b"
    assert row.changed_values() == {"name": ["a", "b"]}
    row = Department.objects.get()
    assert row.changed_values() == {}


def test_a_column_loaded_late_is_no_change(organization):
    Department.objects.create(code="D1", name="a")
    row = Department.objects.only("code").get()
    assert (row.name, row.changed_values()) == ("a", {})


def test_what_another_changed_shows_after_a_reload(organization):
    Department.objects.create(code="D1", name="a")
    row = Department.objects.get()
    Department.objects.update(name="b")
    row.refresh_from_db()
    assert row.changed_values() == {"name": ["a", "b"]}


def test_a_change_inside_a_json_value_is_a_change(organization, system):
    Job.objects.create(kind="k", key="k", requested_by=system, result={"rows": [1]})
    row = Job.objects.get()
    row.result["rows"].append(2)
    assert row.changed_values() == {"result": [{"rows": [1]}, {"rows": [1, 2]}]}
