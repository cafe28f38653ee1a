"""The handful of accounts that show the system from each side."""

from helpdesk.demo.seed import PASSWORD

ACCOUNTS: tuple[tuple[str, str, str], ...] = (
    ("Ana Ribeiro, engineer at Telesul", "ana.ribeiro@telesul.example", "her company's tickets, in Portuguese"),
    ("Oliver Hayes, admin of Northgate Voice", "oliver.hayes@northgatevoice.example", "his company's tickets and people, in English"),
    ("Ricardo Menezes, in two companies", "ricardo@menezes-consultoria.example", "Telesul as member, Pampa Fibra as approver"),
    ("Camila Nunes, agent", "camila.nunes@sippulse.example", "the queues of Core Network"),
    ("Rodrigo Tavares, lead", "rodrigo.tavares@sippulse.example", "every queue"),
    ("Bruno Schmitt, release manager", "bruno.schmitt@sippulse.example", "releases: drafts, published, withdrawn, and who has them"),
    ("Fernanda Lopes, account manager", "fernanda.lopes@sippulse.example", "contracts: in force, ending, suspended, ended"),
    ("Helena Prado, administrator", "helena.prado@sippulse.example", "everything, configuration included"),
)


def table() -> str:
    """One line per account, aligned, and the password that all of them have."""
    widths = [max(len(row[column]) for row in ACCOUNTS) for column in (0, 1)]
    lines = [f"{who:<{widths[0]}}  {address:<{widths[1]}}  {sees}" for who, address, sees in ACCOUNTS]
    return "\n".join([f"Everybody's password: {PASSWORD}", *lines])
