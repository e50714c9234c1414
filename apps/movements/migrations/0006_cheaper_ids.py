from django.db import migrations

CHEAPER = """
    DO $do$ BEGIN
      IF current_setting('server_version_num')::int >= 170000 THEN
        CREATE OR REPLACE FUNCTION stockcheck_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
          SELECT encode(
            int8send((date_part('epoch', clock_timestamp()) * 1000)::bigint << 16
              | 28672 | (date_part('epoch', clock_timestamp()) * 1000000)::bigint % 1000 * 4 | random(0, 3))
            || int8send(random(-9223372036854775808, -4611686018427387905)), 'hex')::uuid $$;
      END IF;
    END $do$
"""


class Migration(migrations.Migration):
    """Ids that the database makes: UUIDv7 with microseconds and 64 bits of the session's own random generator.

    A server without OpenSSL asks the operating system for every `uuidv7()`, which costs more than the row it names.
    The generator is seeded strongly once a session; ids name rows and keep no secret.
    """

    dependencies = [
        ("movements", "0005_chain"),
        ("organizations", "0001_initial"),
    ]

    operations = [migrations.RunSQL(CHEAPER, migrations.RunSQL.noop)]
