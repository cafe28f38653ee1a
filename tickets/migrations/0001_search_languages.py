"""Portuguese words as people search them: without accents, and with the plural in -ões and -ães as its singular in -ão.

PostgreSQL's stemmer knows neither ("ligação" and "ligações" get different stems). The function is declared immutable, which
unaccent itself is not, because its rules are named whole and never change here.
"""

from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = []
    operations = [
        UnaccentExtension(),
        migrations.RunSQL(
            r"""
            CREATE FUNCTION portuguese_words(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
                $$ SELECT regexp_replace(public.unaccent('public.unaccent', lower(words)), '[oa]es\M', 'ao', 'g') $$;
            """,
            "DROP FUNCTION portuguese_words(text);",
        ),
    ]
