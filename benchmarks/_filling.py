"""A database of a size: customers with people and contracts, tickets with messages, events, files and mails.

The provider and its catalogue are made by the commands; the many rows by SQL as the owner, from numbers alone, so that two runs fill
the same. One ticket in two hundred has RARE_WORD in a message; LONG_TICKET has two hundred messages; the first customer has a
twentieth of all tickets; three in a hundred tickets are open. Each has the promise and the clocks that its story says.
"""

import time
from dataclasses import dataclass
from datetime import date, datetime

import psycopg2
from django.db import connection

from accounts import commands as accounts
from accounts.tenancy import as_provider
from benchmarks._floor import TABLE
from benchmarks._promises import keep_promises
from contracts.models import Product, Version
from helpdesk import environment
from helpdesk.lib.markdown import VERSION
from sla import shipped
from sla.commands.calendars import create_calendar
from sla.commands.policies import standard_policy
from sla.shipped import Follows

CUSTOMERS = 500
PEOPLE = 4  # of each customer
PHRASES = 50_000  # of fifteen words; a message has three
FIRST = 10_001
RARE_WORD = "zumbido"
# Of those that are open, by a tenth each.
OPEN_STATES = [
    "new",
    "open",
    "open",
    "open",
    "open",
    "open",
    "waiting_customer",
    "waiting_customer",
    "waiting_third_party",
    "waiting_approval",
]
WORDS = [
    "tronco",
    "ramal",
    "chamada",
    "cair",
    "áudio",
    "eco",
    "atraso",
    "registro",
    "servidor",
    "senha",
    "gravação",
    "fila",
    "relatório",
    "discagem",
    "rota",
    "operadora",
    "bilhetagem",
    "atualização",
    "licença",
    "certificado",
    "porta",
    "rede",
    "pacote",
    "perda",
    "codec",
    "transferência",
    "conferência",
    "voicemail",
    "softswitch",
    "sessão",
    "firewall",
    "NAT",
    "trunk",
    "call",
    "drop",
    "audio",
    "delay",
    "register",
    "server",
    "recording",
    "queue",
    "report",
    "dialplan",
    "route",
    "carrier",
    "billing",
    "update",
    "license",
    "port",
    "network",
    "packet",
    "loss",
    "jitter",
    "transfer",
    "conference",
    "gateway",
    "timeout",
    "INVITE",
    "BYE",
    "ACK",
    "503",
    "408",
    "486",
    "cliente",
    "usuário",
    "manhã",
    "tarde",
    "ontem",
    "hoje",
    "sempre",
    "às",
    "vezes",
    "depois",
    "antes",
    "configuração",
    "backup",
    "disco",
    "memória",
    "processo",
    "serviço",
    "reiniciar",
    "testar",
    "anexar",
    "captura",
    "log",
    "erro",
    "aviso",
    "falha",
]


@dataclass(frozen=True)
class Filled:
    """What a benchmark asks for. `agent`, `engineer`: ids of a person of the staff and of one of the first customer."""

    rows: int
    agent: int
    engineer: int
    customer: int
    short_ticket: int  # of the first customer, with five messages, waiting for nobody
    replied_ticket: int  # another, which grows while replies are measured
    long_ticket: int
    product: int
    seconds: float


def fill(rows: int, now: datetime) -> Filled:
    """Fill an empty, migrated database with `rows` tickets. `now`: when the newest was opened."""
    begun = time.monotonic()
    agent = _provider(now)
    parameters = environment.database("DATABASE_OWNER_URL")
    owner = psycopg2.connect(
        dbname=parameters["NAME"], user=parameters["USER"], host=parameters["HOST"] or None, port=parameters["PORT"] or None
    )
    owner.autocommit = True
    values = {
        "rows": rows,
        "first": FIRST,
        "now": now,
        "customers": CUSTOMERS,
        "people": PEOPLE,
        "words": WORDS,
        "phrases": PHRASES,
        "rare": RARE_WORD,
        "version": VERSION,
        "states": OPEN_STATES,
    }
    with owner.cursor() as cursor:
        cursor.execute("SET work_mem = '128MB'; SET maintenance_work_mem = '512MB'; SET synchronous_commit = off")
        for statement in (NOISE, *COMPANIES, *TICKETS):
            cursor.execute(statement, values)
        keep_promises(cursor, now)
        for statement in AFTER:
            cursor.execute(statement, values)
        cursor.execute(TABLE)
        cursor.execute("SELECT min(id) FROM accounts_customer")
        customer = cursor.fetchone()[0]
        cursor.execute(
            "SELECT person_id FROM accounts_membership WHERE customer_id = %s ORDER BY role = 'admin' DESC, id LIMIT 1", [customer]
        )
        engineer = cursor.fetchone()[0]
        cursor.execute(
            "SELECT id FROM tickets_ticket WHERE customer_id = %s AND closed_at IS NULL AND id <> %s ORDER BY status = 'open' DESC, id DESC LIMIT 2",
            [customer, FIRST + rows - 1],
        )
        (short,), (replied,) = cursor.fetchall()
        cursor.execute("SELECT min(id) FROM contracts_product")
        product = cursor.fetchone()[0]
    owner.close()
    return Filled(rows, agent, engineer, customer, short, replied, FIRST + rows - 1, product, time.monotonic() - begun)


def _provider(now: datetime) -> int:
    """Twelve agents in four teams, products of two versions; returns the first agent's id."""
    staff = []
    for number in range(12):
        person = accounts.register_person(
            email=f"agent{number}@provider.example", name=f"Agent {number}", language="en", password=None, now=now
        )
        roles = ("agent", "lead") if number < 2 else ("agent", "account_manager") if number < 4 else ("agent",)
        staff.append(accounts.set_staff_roles(actor=None, person=person, display_name=f"Agent {number}", roles=roles, now=now))
    teams = [accounts.set_team(actor=None, name=f"Team {n}", members=staff[n::4], now=now) for n in range(4)]
    with as_provider():
        create_calendar(actor=None, name="Florianópolis", time_zone=shipped.ZONE, follows=Follows.FLORIANOPOLIS, now=now)
        standard_policy(now=now)
        for number, name in enumerate(("Softswitch", "Session border controller", "PABX", "Call center")):
            product = Product.objects.create(name=name, team=teams[number])
            for version in ("7.1", "7.2"):
                Version.objects.create(product=product, number=version, available_date=date(2025, 1, 1))
    connection.close()
    return int(staff[0].pk)


# A number that looks random and is the same each time: never negative.
NOISE = """
    CREATE FUNCTION pg_temp.noise(key bigint, salt int) RETURNS bigint LANGUAGE sql IMMUTABLE AS
        'SELECT hashint8extended(key, salt) & 2147483647'
"""
COMPANIES = (
    """
    INSERT INTO accounts_customer (name, language, time_zone, second_factor_required, created_at)
        SELECT 'Company ' || to_char(n, 'FM000'), CASE WHEN n %% 4 = 0 THEN 'en' ELSE 'pt-br' END, 'America/Sao_Paulo', false, %(now)s - interval '4 years'
        FROM generate_series(1, %(customers)s) n
    """,
    """
    INSERT INTO accounts_person (password, email, name, language, time_zone, is_active, created_at, keyboard_shortcuts)
        SELECT '!', 'person' || p || '@company' || c || '.example', 'Person ' || p || ' of ' || c, CASE WHEN c %% 4 = 0 THEN 'en' ELSE 'pt-br' END,
            'America/Sao_Paulo', true, %(now)s - interval '4 years', true
        FROM generate_series(1, %(customers)s) c, generate_series(1, %(people)s) p
    """,
    """
    INSERT INTO accounts_membership (customer_id, person_id, role, created_at)
        SELECT c.id, p.id, CASE WHEN p.email LIKE 'person1@%%' THEN 'admin' ELSE 'member' END, %(now)s - interval '4 years'
        FROM accounts_person p JOIN accounts_customer c ON c.name = 'Company ' || to_char(split_part(p.name, ' of ', 2)::int, 'FM000')
        WHERE p.email LIKE '%%@company%%'
    """,
    """
    INSERT INTO contracts_contract (customer_id, number, signed_date, first_date, currency, calendar_id, account_manager_id, created_at)
        SELECT c.id, 'C-' || c.id, %(now)s::date - 1400, %(now)s::date - 1390, 'BRL', (SELECT min(id) FROM sla_calendar),
            (SELECT min(member_id) FROM accounts_staffrole WHERE role = 'account_manager'), %(now)s - interval '4 years'
        FROM accounts_customer c
    """,
    """
    INSERT INTO contracts_contractproduct (customer_id, contract_id, product_id)
        SELECT c.customer_id, c.id, p.id FROM contracts_contract c, contracts_product p
    """,
    """
    INSERT INTO contracts_terms (customer_id, contract_id, number, from_date, last_date, policy_id, allowance_minutes, package_minutes,
            package_fee_cents, functional_rate_cents, off_hours_rate_cents, update_rate_cents, increment_minutes, reason, created_at)
        SELECT c.customer_id, c.id, 0, c.first_date, %(now)s::date + 700, (SELECT min(id) FROM sla_policy), 120, 0, 0, 24000, 36000, 30000, 15, '', c.created_at
        FROM contracts_contract c
    """,
    """
    INSERT INTO contracts_environment (customer_id, name, kind, contract_id, notes, created_at)
        SELECT c.customer_id, site, 'production', c.id, '', c.created_at FROM contracts_contract c, unnest(ARRAY['Main site', 'Branch']) site
    """,
    """
    INSERT INTO contracts_installation (customer_id, environment_id, product_id, version_id)
        SELECT e.customer_id, e.id, v.product_id, v.id FROM contracts_environment e, contracts_version v WHERE v.number = '7.2'
    """,
    "ANALYZE",
)

TICKETS = (
    # What messages are put together from: a word at a time would take most of the time of filling.
    """
    CREATE UNLOGGED TABLE phrase AS
        SELECT place, string_agg((%(words)s::text[])[1 + (pg_temp.noise(place * 64 + k, 22) %% 997) * (pg_temp.noise(place * 64 + k, 23) %% 997)
            * cardinality(%(words)s::text[]) / 994009], ' ') AS phrase
        FROM generate_series(0, %(phrases)s - 1) place, generate_series(1, 15) k GROUP BY place
    """,
    "CREATE UNIQUE INDEX ON phrase (place) INCLUDE (phrase); ANALYZE phrase",
    # Numbers 1, 2, … of tickets and what follows from them.
    """
    CREATE UNLOGGED TABLE plan AS
        WITH people AS (
            SELECT customer_id, array_agg(person_id ORDER BY person_id) AS persons FROM accounts_membership GROUP BY 1
        ), rooms AS (
            SELECT row_number() OVER (ORDER BY c.id) AS place, c.id AS customer_id, k.id AS contract_id, persons,
                (SELECT min(id) FROM contracts_environment e WHERE e.customer_id = c.id) AS environment_id
            FROM accounts_customer c JOIN contracts_contract k ON k.customer_id = c.id JOIN people p ON p.customer_id = c.id
        ), products AS (SELECT row_number() OVER (ORDER BY id) AS place, id, team_id FROM contracts_product),
        agents AS (SELECT array_agg(person_id ORDER BY person_id) AS members FROM accounts_staffmember)
        SELECT n, %(first)s - 1 + n AS id, r.customer_id, r.contract_id, r.environment_id, p.id AS product_id, p.team_id,
            r.persons[1 + pg_temp.noise(n, 2) %% cardinality(r.persons)] AS requester_id,
            a.members[1 + pg_temp.noise(n, 3) %% cardinality(a.members)] AS agent_id,
            %(now)s - (%(rows)s - n) * (interval '3 years' / %(rows)s) - interval '1 day' AS opened_at,
            CASE WHEN n > 0.9 * %(rows)s AND pg_temp.noise(n, 4) %% 10 < 3 OR n = %(rows)s THEN CASE WHEN n = %(rows)s THEN 3 ELSE pg_temp.noise(n, 5) %% 10 END END AS open_as,
            (ARRAY['technical', 'technical', 'functional', 'functional', 'update_service'])[1 + pg_temp.noise(n, 6) %% 5] AS type,
            (ARRAY['high', 'medium', 'medium', 'low'])[1 + pg_temp.noise(n, 7) %% 4] AS severity,
            CASE WHEN n = %(rows)s THEN 200 ELSE 5 END AS messages
        FROM generate_series(1, %(rows)s) n
        JOIN rooms r ON r.place = CASE WHEN n = %(rows)s OR pg_temp.noise(n, 8) %% 20 = 0 THEN 1 ELSE 2 + pg_temp.noise(n, 1) %% (%(customers)s - 1) END
        JOIN products p ON p.place = 1 + pg_temp.noise(n, 9) %% 4, agents a
    """,
    """
    INSERT INTO tickets_ticket (id, customer_id, contract_id, product_id, environment_id, requester_id, opened_by_id, channel, subject, type, severity,
            declared_type, declared_severity, verified_at, verified_by_id, verdict_wanted_since, status, team_id, assignee_id, opened_at, changed_at, public_changed_at,
            resolved_at, closed_at, event_count, submission_key)
        SELECT id, customer_id, contract_id, product_id, environment_id, requester_id, requester_id, 'portal',
            initcap((%(words)s::text[])[1 + pg_temp.noise(n, 11) %% cardinality(%(words)s::text[])]) || ' '
                || (%(words)s::text[])[1 + pg_temp.noise(n, 12) %% cardinality(%(words)s::text[])] || ' '
                || (%(words)s::text[])[1 + pg_temp.noise(n, 13) %% cardinality(%(words)s::text[])] || ' ' || n,
            type, severity, type, severity,
            CASE WHEN open_as IS DISTINCT FROM 0 THEN opened_at + interval '20 minutes' END,
            CASE WHEN open_as IS DISTINCT FROM 0 THEN agent_id END,
            CASE WHEN open_as = 0 THEN opened_at END,
            CASE WHEN open_as IS NULL THEN CASE WHEN n > 0.99 * %(rows)s THEN 'resolved' ELSE 'closed' END ELSE (%(states)s::text[])[1 + open_as] END,
            team_id, CASE WHEN open_as IS NULL OR open_as > 2 THEN agent_id END, opened_at, opened_at + interval '5 hours', opened_at + interval '5 hours',
            CASE WHEN open_as IS NULL THEN opened_at + interval '5 hours' END,
            CASE WHEN open_as IS NULL AND n <= 0.99 * %(rows)s THEN opened_at + interval '8 days' END,
            messages + CASE WHEN open_as IS NULL OR open_as > 5 THEN 3 ELSE 2 END, gen_random_uuid()
        FROM plan
    """,
    """
    INSERT INTO tickets_message (customer_id, ticket_id, author_id, by_staff, internal, body, html, html_version, scanned_at, written_at, submission_key)
        SELECT customer_id, id, CASE WHEN m %% 2 = 0 THEN agent_id ELSE requester_id END, m %% 2 = 0, m %% 6 = 4, body, '<p>' || body || '</p>', %(version)s, %(now)s,
            opened_at + (m - 1) * (interval '5 hours' / messages), gen_random_uuid()
        FROM plan, generate_series(1, messages) m, LATERAL (
            SELECT string_agg(phrase, ' ') || CASE WHEN n %% 200 = 0 AND m = 3 THEN ' ' || %(rare)s || ' ' ELSE '.' END AS body
            FROM phrase WHERE place = ANY (ARRAY(SELECT pg_temp.noise(n * 1000 + m * 8 + k, 21) %% %(phrases)s FROM generate_series(1, 3) k))
        ) b
    """,
    """
    INSERT INTO tickets_event (customer_id, ticket_id, position, kind, at, actor_id, by_staff, internal, message_id, data)
        SELECT m.customer_id, m.ticket_id, CASE WHEN place = 1 THEN 1 ELSE place + 2 END,
            CASE WHEN m.internal THEN 'noted' WHEN place = 1 THEN 'opened' ELSE 'replied' END,
            m.written_at, m.author_id, m.by_staff, m.internal, m.id,
            CASE WHEN place = 1 THEN jsonb_build_object('type', p.type, 'severity', p.severity, 'channel', 'portal', 'contract', p.contract_id) ELSE '{}' END
        FROM (SELECT *, row_number() OVER (PARTITION BY ticket_id ORDER BY id) AS place FROM tickets_message) m JOIN plan p ON p.id = m.ticket_id
    """,
    """
    INSERT INTO tickets_event (customer_id, ticket_id, position, kind, at, actor_id, by_staff, internal, data)
        SELECT customer_id, id, 2, 'verified', opened_at + interval '20 minutes', agent_id, true, false,
            jsonb_build_object('type', type, 'severity', severity, 'from_type', type, 'from_severity', severity)
        FROM plan WHERE open_as IS DISTINCT FROM 0
        UNION ALL
        SELECT customer_id, id, 3, 'status_changed', opened_at + interval '21 minutes', agent_id, true, false, '{"from": "new", "to": "open"}' FROM plan WHERE open_as IS DISTINCT FROM 0
        UNION ALL
        SELECT customer_id, id, messages + 3, 'status_changed', opened_at + interval '5 hours', agent_id, true, false, '{"from": "open", "to": "resolved"}'
        FROM plan WHERE open_as IS NULL
        UNION ALL
        SELECT customer_id, id, messages + 3, 'status_changed', opened_at + interval '5 hours', agent_id, true, false,
            jsonb_build_object('from', 'open', 'to', (%(states)s::text[])[1 + open_as])
        FROM plan WHERE open_as > 5
    """,
    """
    INSERT INTO tickets_file (customer_id, message_id, internal, uploader_id, name, size, sha256, media_type, stored_as, uploaded_at, scanned_at)
        SELECT m.customer_id, m.id, m.internal, m.author_id, 'calls-' || m.id || '.log', 20000 + m.id %% 50000, repeat('0', 64), 'text/plain; charset=utf-8',
            'aa/' || m.id, m.written_at, m.written_at
        FROM tickets_message m WHERE m.id %% 25 = 0
    """,
    """
    INSERT INTO notifications_mail (customer_id, recipient_id, address, language, kind, key, thread, subject, headline, body_text, body_html, needs,
            status_line, quoted_text, action_label, action_url, reason, state, message_uuid, created_at, due_at, attempts, unknown_outcomes, sent_at, last_error, about_table, about_id)
        SELECT e.customer_id, p.requester_id, 'person@company.example', 'pt-br', 'ticket_replied', 'event-' || e.id || ':' || p.requester_id,
            'ticket-' || p.id, '[SP-' || p.id || ']', 'answered', 'text', '<p>text</p>', '', '', '', '', '', '', 'sent', gen_random_uuid(), e.at, e.at, 1, 0, e.at, '', 'tickets_event', e.id
        FROM tickets_event e JOIN plan p ON p.id = e.ticket_id WHERE e.by_staff AND NOT e.internal AND e.kind = 'replied'
    """,
    """
    INSERT INTO tickets_reading (customer_id, ticket_id, person_id, position, read_at)
        SELECT customer_id, id, requester_id, messages + 3, opened_at + interval '6 hours' FROM plan WHERE n %% 50 > 0
    """,
)

AFTER = (
    "SELECT setval(pg_get_serial_sequence('tickets_ticket', 'id'), %(first)s + %(rows)s)",
    "DROP TABLE plan, phrase",
    "VACUUM FULL tickets_ticket",  # each was written twice
    "VACUUM (ANALYZE)",
)
