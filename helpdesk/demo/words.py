"""What fills the stories' placeholders, and the small talk around them."""

from datetime import datetime, timedelta
from random import Random

from helpdesk.demo.companies import Company
from helpdesk.demo.provider import PRODUCTS

QUEUES = {
    "pt-br": ("Suporte", "Vendas", "Cobrança", "Agendamento", "Ouvidoria"),
    "en": ("Support", "Sales", "Billing", "Bookings", "Front desk"),
}

STAFF_GREETINGS = {
    "pt-br": ("Olá, {name}.\n\n", "{daytime}, {name}!\n\n", "{name}, tudo bem?\n\n", "Oi, {name}.\n\n", "", ""),
    "en": ("Hello {name},\n\n", "{daytime}, {name}.\n\n", "Hi {name},\n\n", "", ""),
}
STAFF_CLOSINGS = {
    "pt-br": ("\n\nAbraço,\n{agent}", "\n\nAtt.,\n{agent}", "\n\nQualquer coisa, é só responder por aqui.", "", "", ""),
    "en": ("\n\nBest regards,\n{agent}", "\n\n{agent}", "\n\nJust reply here if anything is unclear.", "", "", ""),
}
CUSTOMER_GREETINGS = {
    "pt-br": ("{daytime}, pessoal.\n\n", "Prezados,\n\n", "{daytime}!\n\n", "Olá, equipe.\n\n", "", "", ""),
    "en": ("Hi,\n\n", "Hello team,\n\n", "{daytime},\n\n", "", "", ""),
}
CUSTOMER_CLOSINGS = {
    "pt-br": ("\n\nAgradeço a atenção.", "\n\nAguardo retorno.", "\n\n{name}\nRamal {ext2}", "\n\nAbs,\n{name}", "", "", ""),
    "en": ("\n\nThanks,\n{name}", "\n\nThank you.", "\n\n{name}, ext. {ext2}", "", "", ""),
}
DAYTIMES = {"pt-br": ("Bom dia", "Boa tarde", "Boa noite"), "en": ("Good morning", "Good afternoon", "Good evening")}

NUDGES = {
    "pt-br": (
        "Alguma novidade? O pessoal de {city} está perguntando.",
        "Conseguiram avançar? Preciso dar uma posição até {afternoon}.",
        "Só para registrar: voltou a acontecer hoje às {hour}.",
        "Tem previsão?",
    ),
    "en": (
        "Any progress? {city} keeps asking.",
        "Could you give me something to tell management by {afternoon}?",
        "For the record: it happened again today at {hour}.",
        "Is there an estimate?",
    ),
}
NUDGES_ANSWERED = {
    "pt-br": (
        "Sim: reproduzimos em laboratório e estamos fechando a causa. Escrevo de novo ainda hoje.",
        "Estamos com isso na bancada agora; volto com o resultado até o fim do dia.",
        "Obrigado por avisar, incluí esse horário na análise.",
    ),
    "en": (
        "Yes: it's reproduced in our lab and we're narrowing it down. I'll write again today.",
        "It's on the bench right now; expect the result by the end of the day.",
        "Thanks, I've added that time to the analysis.",
    ),
}
ASIDES = {
    "pt-br": (
        "Liguei para {name}: a janela deles é só depois das 19h.",
        "Mesmo sintoma no mês passado em outro ambiente deles. Ver histórico antes de responder.",
        "Deixei a captura aberta no Wireshark do laboratório, máquina 3.",
        "Falei com o desenvolvimento; se precisar de correção, entra na {next_version}.",
    ),
    "en": (
        "Called {name}: changes only after 7 pm their time.",
        "Same symptom last month in another environment of theirs. Check the history before answering.",
        "Capture is open on lab machine 3.",
        "Spoke to development; if it needs a fix it goes into {next_version}.",
    ),
}
REOPENINGS = {
    "pt-br": (
        "Infelizmente voltou hoje às {hour}, com o mesmo sintoma. Podem olhar de novo?",
        "Em {city} continua acontecendo, embora em menos chamadas.",
        "Funcionou por dois dias e parou outra vez.",
    ),
    "en": (
        "Sorry, it's back since {hour}, same symptom. Could you look again?",
        "It still happens in {city}, though less often.",
        "It worked for two days and stopped again.",
    ),
}
REOPENED_SOLVED = {
    "pt-br": (
        "Faltava aplicar o mesmo ajuste no nó reserva, que assumiu ontem. Aplicado e conferido nos dois.",
        "Havia um segundo perfil com a configuração antiga. Corrigido; acompanhei por uma hora sem ocorrência.",
    ),
    "en": (
        "The standby node, which took over yesterday, lacked the same setting. Applied and checked on both.",
        "A second profile still had the old setting. Fixed, and watched for an hour without a case.",
    ),
}
FOLLOW_UPS = {
    "pt-br": (
        "O problema deste chamado voltou hoje às {hour}. Nada foi mudado do nosso lado desde então.",
        "Uma dúvida sobre a solução daquele chamado: vale também para o ambiente de {city}?",
    ),
    "en": (
        "This is happening again since {hour}. We changed nothing since.",
        "A question about that solution: does it apply to {city} as well?",
    ),
}
FOLLOW_UPS_ANSWERED = {
    "pt-br": (
        "Vale, com o mesmo comando. Conferi daqui e já está ativo.",
        "Era a mesma causa, desta vez depois da troca de servidor. Reaplicado, e agora consta no roteiro de troca.",
    ),
    "en": (
        "It does, with the same command. I checked, it is active.",
        "Same cause, this time after the server was replaced. Applied again and added to the replacement checklist.",
    ),
}
ON_BEHALF = {
    "pt-br": ("*Registrado por telefone a pedido de {name}.*\n\n", "*{name} ligou às {hour}; registro em seu nome.*\n\n"),
    "en": ("*Registered by phone for {name}.*\n\n", "*{name} called at {hour}; registered on their behalf.*\n\n"),
}
HELD = {
    "pt-br": "Mesmo sem contrato, precisamos dos CDRs de {city} para encerrar a contabilidade. Vocês conseguem exportar?",
    "en": "We know that our contract has ended; could you still export the records of {city} for our books?",
}

# Why staff changed what was declared; read by the customer.
LOWERED = {
    "pt-br": (
        "O impacto está limitado a parte dos ramais e há contorno, por isso a severidade passa a ser menor. Se piorar, avise aqui.",
        "As chamadas continuam completando; ajustamos a severidade ao impacto atual.",
        "O ambiente é de testes, sem assinantes afetados.",
    ),
    "en": (
        "Only some extensions are affected and there is a workaround, hence the lower severity. Tell us here if it gets worse.",
        "Calls still complete; we've set the severity to the present impact.",
        "This is a test environment without subscribers.",
    ),
}
RAISED = {
    "pt-br": (
        "Pelos registros, o impacto é maior do que o declarado: mais troncos estão com a mesma falha.",
        "Há risco de parada geral se a fila crescer; tratamos com mais urgência.",
    ),
    "en": (
        "The logs show a wider impact than declared: more trunks have the same failure.",
        "This may stop everything if it grows, so we treat it with more urgency.",
    ),
}
CONTESTED = {
    "pt-br": "Não concordamos: o problema voltou depois da verificação e atinge clientes nossos. Peço que outra pessoa avalie.",
    "en": "We don't agree: it came back after your check, and our own customers are hit. Please let somebody else look.",
}
KEPT = {
    "pt-br": "Revisei os registros: o contorno segue funcionando e o impacto continua o mesmo, por isso a qualificação fica. Se mudar, declare de novo.",
    "en": "I went through the logs: the workaround holds and the impact is the same, so the qualification stays. If that changes, declare it anew.",
}
GIVEN_BACK = {
    "pt-br": "Vocês têm razão: o impacto é maior do que parecia na primeira verificação. Vale de novo o que foi declarado.",
    "en": "You are right: more is hit than it seemed at the first check. What you declared counts again.",
}
TO_FUNCTIONAL = {
    "pt-br": (
        "O produto está funcionando como documentado; trata-se de uma orientação de configuração, portanto evento funcional.",
        "Não há defeito: é apoio de uso, que entra como funcional.",
    ),
    "en": (
        "The product works as documented; this is help with a configuration, which makes it functional.",
        "No malfunction here: it's assistance, hence functional.",
    ),
}


def fill(
    rng: Random, *, company: Company, language: str, product: str, version: str, requester: str, agent: str, at: datetime
) -> dict[str, str]:
    """A value for each placeholder, all of one ticket."""
    numbers = [number for number, _age in PRODUCTS[product].versions]
    later = numbers[numbers.index(version) + 1 :]
    number = company.numbers.format(rng.randrange(100))
    day = at - timedelta(days=rng.randint(1, 4))
    shortly_before = at - timedelta(minutes=rng.randint(15, 100))
    shortly_before -= timedelta(minutes=shortly_before.minute % 5)
    return {
        "trunk": rng.choice(company.trunks),
        "city": rng.choice(company.cities),
        "peer": rng.choice(company.peers),
        "queue": rng.choice(QUEUES[language]),
        "ext": str(rng.randint(1001, 8899)),
        "ext2": str(rng.randint(200, 899)),
        "hour": f"{shortly_before:%H:%M}" if language == "en" else f"{shortly_before.hour}h{shortly_before:%M}",
        "afternoon": f"{rng.randint(14, 16)}:00" if language == "en" else f"{rng.randint(14, 16)}h",
        "day": f"{day:%d/%m}" if language == "pt-br" else f"{day.day} {day:%B}",
        "isodate": f"{(at.replace(day=1) + timedelta(days=32)).replace(day=1):%Y-%m-%d}",
        "days": str(rng.randint(3, 25)),
        "count": str(rng.randint(12, 240)),
        "cents": f"{rng.randint(3, 180)},{rng.randrange(100):02d}"
        if language == "pt-br"
        else f"{rng.randint(3, 180)}.{rng.randrange(100):02d}",
        "percent": str(rng.randint(71, 98)),
        "number": number,
        "digits": "".join(c for c in number if c.isdigit()),
        "ip": f"203.0.113.{rng.randint(2, 250)}",
        "ip2": f"192.0.2.{rng.randint(2, 250)}",
        "ip3": f"198.51.100.{rng.randint(2, 250)}",
        "callid": f"{rng.getrandbits(48):012x}@203.0.113.{rng.randint(2, 250)}",
        "branch": f"{rng.getrandbits(48):012x}",
        "domain": f"sip.{company.domain}",
        "version": version,
        "next_version": later[0] if later else f"{version}.1",
        "name": requester.split()[0],
        "agent": agent,
    }


def daytime(language: str, hour: int) -> str:
    """The greeting of a local hour."""
    return DAYTIMES[language][0 if hour < 12 else 1 if hour < 18 else 2]
