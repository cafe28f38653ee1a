"""Stories in Portuguese: calls that fail, and how they sound."""

from helpdesk.demo.stories.model import Story, asks, confirms, notes, says, solves, tell_story, tells, waits

STORIES: tuple[Story, ...] = (
    tell_story(
        "sbc",
        "technical",
        "high",
        evidence="pcap",
        subjects=(
            "Áudio em um sentido só nas chamadas pelo tronco {trunk}",
            "Cliente de {city} não ouve quem liga",
            "Áudio mudo na volta, ramal {ext}",
        ),
        opening=(
            """Desde as {hour} as chamadas que saem pelo tronco **{trunk}** ficam com áudio só de ida: quem está fora ouve o nosso lado, mas nós não ouvimos nada. As chamadas internas estão normais.

            Segue uma captura feita no SBC durante uma chamada do ramal {ext}.""",
            """Recebemos {count} reclamações de clientes de {city} hoje: a ligação completa, o contador corre, mas não chega áudio de volta. Acontece em umas duas de cada três chamadas.

            Anexei a captura de uma delas (ramal {ext}, {hour}).""",
        ),
        turns=(
            asks(
                """Olhei a captura: o RTP de volta chega em `{ip}`, mas o SDP que enviamos anuncia um endereço privado. Pode me passar a saída destes dois comandos?

                ```
                sbcctl show realm external
                sbcctl show media-address
                ```""",
                "O SDP da resposta 200 está saindo com endereço interno na linha `c=`. Vocês mudaram algo na interface externa do SBC ou no roteador nos últimos dias?",
            ),
            says(
                """Segue:

                ```
                realm external   if=eth1  sip-ip={ip}  media-ip=10.20.0.5
                ```

                O media-ip está com o IP interno mesmo. Trocamos a placa na madrugada.""",
                "Sim, trocamos o link de {city} ontem à noite e o endereço público mudou para `{ip}`. O pessoal de redes achou que não afetaria o SBC.",
            ),
            notes(
                "Terceiro caso este trimestre de media-ip esquecido depois de troca de link. Vale um aviso no assistente de rede do SBC."
            ),
            solves(
                """É isso. Corrija o endereço de mídia e recarregue o realm; as chamadas em curso não caem:

                ```
                sbcctl set realm external media-ip {ip}
                sbcctl reload realm external
                ```

                Fiz duas chamadas de teste com você na linha e o áudio voltou nos dois sentidos.""",
                "Com o media-ip ajustado para `{ip}` e o realm recarregado, as três chamadas de teste tiveram RTP nos dois sentidos. Deixo resolvido; se algum ramal ainda ficar mudo, responda aqui com o Call-ID.",
            ),
        ),
    ),
    tell_story(
        "softswitch",
        "technical",
        "critical",
        evidence="sip_503",
        subjects=(
            "503 em todas as chamadas pelo tronco {trunk}",
            "Tronco {trunk} fora: 503 Service Unavailable",
            "Nenhuma chamada sai para {city}",
        ),
        opening=(
            """**Parado.** Nenhuma chamada de saída completa pelo tronco {trunk} desde as {hour}. Todas voltam com `503 Service Unavailable`. Já reiniciamos o serviço uma vez, sem efeito.

            Call-ID de exemplo: `{callid}`. Trecho do log em anexo.""",
            """O tronco {trunk} começou a devolver 503 às {hour} e agora são 100 % das tentativas. Temos cerca de {count} clientes sem conseguir ligar para fora. O OPTIONS para a operadora responde 200.""",
        ),
        turns=(
            tells(
                "Estou nisto agora. O 503 é gerado pelo próprio softswitch, não vem da operadora: não há INVITE saindo para `{ip2}`. Vou verificar o limite de canais do tronco.",
                "Peguei o chamado. Pelo log, a chamada nem chega a sair: a rota {trunk} está marcada como esgotada. Conferindo os contadores de canais.",
            ),
            notes(
                "Contador de canais preso: mesmo sintoma do defeito 4417 (canal não liberado depois de CANCEL cruzado com 200). Corrigido na {next_version}."
            ),
            asks(
                """Os contadores estão presos em {count}/{count}. Para liberar sem derrubar o que está em curso, rode:

                ```
                ssctl trunk {trunk} recount
                ```

                Pode executar e me dizer se as chamadas voltam?""",
            ),
            says(
                "Rodamos. O contador caiu para 3 e as chamadas voltaram na hora. Isso vai acontecer de novo?",
                "Voltou! Mas preciso de uma explicação para a diretoria: por que ficou preso?",
            ),
            solves(
                "A causa é um cruzamento de `CANCEL` com `200 OK` que, na versão {version}, deixa o canal contado. A {next_version} corrige; até lá deixei um recálculo automático a cada 5 minutos. Abra um chamado de atualização quando quiser agendar.",
                "Ficou preso por um defeito conhecido da {version}: quando o `CANCEL` chega junto com o `200`, o canal não é devolvido. Está corrigido na {next_version}. O recálculo periódico que ativamos evita nova parada até a atualização.",
            ),
        ),
    ),
    tell_story(
        "sbc",
        "technical",
        "medium",
        evidence="sip_488",
        subjects=(
            "488 Not Acceptable Here nas chamadas de {city}",
            "Codec recusado pelo tronco {trunk}",
            "Chamadas do PABX do cliente caem com 488",
        ),
        opening=(
            "O cliente novo de {city} usa um PABX que só oferece G.729. As chamadas dele para o tronco {trunk} são recusadas com `488 Not Acceptable Here`. Com os outros clientes, que usam G.711, tudo certo. Log em anexo.",
            "Depois que a operadora do {trunk} trocou o equipamento deles, parte das nossas chamadas é recusada com 488. Parece negociação de codec. Call-ID `{callid}`.",
        ),
        turns=(
            tells(
                """O INVITE sai com `m=audio 18234 RTP/AVP 18` apenas, e a operadora aceita só 8 (PCMA). Duas saídas:

                1. pedir ao cliente que ofereça também PCMA;
                2. ligar a transcodificação no perfil dele, o que gasta licença de DSP.

                Qual prefere?""",
            ),
            says(
                "O cliente não tem como mudar o PABX agora. Vamos de transcodificação; temos 30 canais de DSP livres.",
                "Preferimos a 2, por enquanto. Como se liga só para esse cliente?",
            ),
            solves(
                """No perfil do cliente:

                ```
                sbcctl set peer {peer} codecs "PCMA,G729"
                sbcctl set peer {peer} transcode on
                ```

                Apliquei no ambiente de testes e o 488 não aparece mais; em produção é o mesmo comando, sem reinício.""",
            ),
        ),
    ),
    tell_story(
        "sbc",
        "technical",
        "high",
        evidence="config",
        subjects=(
            "Certificado TLS do SBC vence em {days} dias",
            "Telefones não registram por TLS depois da renovação",
            "Erro de certificado em {domain}",
        ),
        opening=(
            "Renovamos o certificado de `{domain}` hoje às {hour} e desde então nenhum telefone registra por TLS (5061). Em UDP registram. O navegador mostra o certificado novo sem erro.",
            "O alerta diz que o certificado de `{domain}` vence em {days} dias. Na última vez ficamos parados uma manhã inteira. Qual é o passo a passo para trocar sem derrubar os registros?",
        ),
        turns=(
            asks(
                """Pode me enviar a cadeia que o SBC está apresentando?

                ```
                openssl s_client -connect {domain}:5061 -showcerts </dev/null
                ```""",
                "Você instalou só o certificado ou também o intermediário? Os telefones são mais exigentes que os navegadores nisso.",
            ),
            says(
                """Só aparece um certificado na cadeia:

                ```
                Certificate chain
                 0 s:CN = {domain}
                verify error:num=21:unable to verify the first certificate
                ```""",
                "Só o certificado mesmo, o arquivo que a certificadora mandou. O intermediário veio em outro e-mail e ninguém instalou.",
            ),
            solves(
                """Falta o intermediário. Junte os dois, nesta ordem, e recarregue; as sessões abertas continuam:

                ```
                cat servidor.crt intermediario.crt > /etc/sbc/tls/fullchain.pem
                sbcctl reload tls
                ```

                Vi daqui os registros voltando. Ative também o lembrete de 30 dias em *Sistema > Certificados*.""",
            ),
        ),
    ),
    tell_story(
        "sbc",
        "technical",
        "high",
        evidence="sip_register",
        subjects=(
            "fail2ban bloqueou o IP da operadora {trunk}",
            "Bloqueio automático derruba o tronco {trunk}",
            "Operadora bloqueada pelo SBC de madrugada",
        ),
        opening=(
            "Pela segunda vez nesta semana a proteção contra ataques do SBC bloqueou `{ip2}`, que é a operadora do {trunk}. Ficamos sem receber chamadas das {hour} até alguém perceber.",
            "As chamadas de entrada do {trunk} pararam às {hour}. Achamos o IP `{ip2}` na lista de bloqueio. Retiramos à mão e voltou, mas por que a operadora seria bloqueada?",
        ),
        turns=(
            tells(
                "A regra que disparou foi a de *INVITE sem autenticação*: a operadora fez um teste com números inexistentes e gerou {count} respostas 404 em um minuto. Para o SBC parece varredura."
            ),
            says(
                "Faz sentido, eles avisaram de uma homologação. Então é só aumentar o limite?",
                "Entendi. Dá para nunca bloquear um peer cadastrado?",
            ),
            solves(
                """Melhor do que subir o limite para todos é isentar os pares conhecidos:

                ```
                sbcctl security allow {ip2}/32 comment "{trunk}"
                sbcctl security reload
                ```

                Na {next_version} os endereços de troncos cadastrados já entram nessa lista por padrão.""",
            ),
        ),
    ),
    tell_story(
        "sbc",
        "technical",
        "medium",
        evidence="pcap",
        subjects=(
            "Chiado e corte em chamadas com SRTP",
            "SRTP: sem áudio com os telefones novos",
            "Ramais com SRTP ficam mudos depois do re-INVITE",
        ),
        opening=(
            "Compramos {count} telefones de outro modelo e, com SRTP obrigatório, a chamada completa mas só se ouve chiado. Desligando o SRTP funciona. A segurança não aceita deixar desligado.",
            "As chamadas do ramal {ext} com SRTP ficam mudas exatamente quando a ligação é retomada da espera. Antes da espera o áudio é perfeito. Captura em anexo.",
        ),
        turns=(
            asks(
                "Esses telefones oferecem quais conjuntos criptográficos? No SDP procure as linhas `a=crypto`. E qual o firmware deles?",
                "Na captura só tenho o início da chamada. Consegue uma que inclua a espera e a retomada?",
            ),
            says(
                "Eles oferecem `AES_256_CM_HMAC_SHA1_80` primeiro e `AES_CM_128_HMAC_SHA1_80` depois. Firmware é o que veio de fábrica.",
                "Segue a nova captura; a retomada é no segundo 41.",
                evidence="pcap",
            ),
            notes(
                "O SBC responde com a tag da oferta errada quando a primeira suíte é de 256 bits. Reproduzi no laboratório; passei para o desenvolvimento com a captura."
            ),
            solves(
                "Achamos: o SBC respondia com a `tag` da primeira suíte embora escolhesse a segunda. Enquanto a correção não sai, fixe `AES_CM_128_HMAC_SHA1_80` no perfil dos telefones. Com isso o áudio ficou limpo nos testes. A correção vai na {next_version}.",
                "O telefone reinicia o contador do SRTP no re-INVITE e o SBC mantinha o antigo. Ligue `srtp-reset-on-reinvite yes` no perfil; testei com a sua captura e a retomada decifra corretamente.",
            ),
        ),
    ),
    tell_story(
        "sbc",
        "technical",
        "critical",
        evidence="sip_register",
        subjects=(
            "Avalanche de REGISTER depois da queda de energia em {city}",
            "SBC não responde: milhares de REGISTER por segundo",
            "Ramais não voltam depois da queda do link",
        ),
        opening=(
            "Faltou energia em {city} e, quando voltou, todos os ramais tentaram registrar ao mesmo tempo. O SBC está com CPU em {percent} % e responde 503 para quase tudo. Está assim desde as {hour}.",
            "Depois da queda do link às {hour} os telefones ficam em laço: registram, caem, registram. O monitoramento mostra {count} mil REGISTER por minuto. Ninguém consegue ligar.",
        ),
        turns=(
            tells(
                """Entrei na chamada com o seu plantão. Primeiro vamos segurar a entrada:

                ```
                sbcctl set overload register-rate 400
                sbcctl set overload retry-after 60-300
                ```

                O `Retry-After` sorteado espalha as tentativas.""",
            ),
            tells(
                "CPU caindo: 96 %, 81 %, 63 %. Já há 4 mil ramais registrados e a taxa está estável. Sigo acompanhando.",
                "Metade dos ramais já voltou. Mantenha o limite por mais meia hora.",
            ),
            says(
                "Aqui também estamos vendo voltar. Os clientes pararam de ligar reclamando.",
                "Normalizou às nossas vistas. Obrigado pela rapidez.",
            ),
            solves(
                "Todos os ramais registrados e CPU em 20 %. Deixei o limite de 400 REGISTER/s como permanente: em operação normal vocês não passam de 60. Recomendo também variar a expiração dos registros (3600 ± 10 %)."
            ),
        ),
    ),
    tell_story(
        "sbc",
        "technical",
        "medium",
        evidence="sip_488",
        subjects=("Fax T.38 não passa pelo tronco {trunk}", "Fax falha na segunda página", "Cartório de {city} não recebe fax"),
        opening=(
            "Um cliente (cartório em {city}) ainda depende de fax. O envio pelo tronco {trunk} falha sempre na negociação do T.38: o re-INVITE volta com 488.",
            "O fax do ramal {ext} envia a primeira página e cai na segunda. Já reduzimos a velocidade para 9600. Pelo tronco antigo funcionava.",
        ),
        turns=(
            waits(
                "O nosso re-INVITE está correto (`m=image udptl t38`); quem recusa é a operadora. Abri chamado com eles com o traço da chamada `{callid}` e aguardo a resposta.",
                "A operadora do {trunk} diz no SDP que aceita T.38, mas recusa na prática. Escrevi para o suporte deles com as evidências. Fico aguardando.",
            ),
            says("Alguma notícia? O cliente está cobrando.", "Enquanto isso há alguma alternativa?"),
            solves(
                "A operadora respondeu: o T.38 estava desligado para o seu contrato com eles e foi ativado hoje. Enviamos três faxes de teste de quatro páginas sem erro.",
                "Resposta da operadora: não suportam T.38 nessa rota. Configurei o envio em G.711 com `fax-passthrough` e cancelador de eco desligado; cinco páginas passaram sem erro a 9600.",
            ),
        ),
    ),
    tell_story(
        "softswitch",
        "technical",
        "medium",
        evidence="pcap",
        subjects=("DTMF não é reconhecido na URA do banco", "Dígitos duplicados na URA", "DTMF perdido nas chamadas por {trunk}"),
        opening=(
            "Nossos clientes não conseguem passar da URA do banco: os dígitos não são reconhecidos. Pelo celular funciona. Acontece só pelo tronco {trunk}.",
            "Na URA do cliente de {city} os dígitos chegam dobrados: digita 1 e entende 11. Começou depois da atualização para a {version}.",
        ),
        turns=(
            asks("O tronco está em `dtmf=auto`. Pode capturar uma chamada de teste em que você digite 1-2-3-4-5 devagar?"),
            says("Feito, captura em anexo. Digitei 1 2 3 4 5 a partir do segundo 12.", evidence="pcap"),
            solves(
                "A operadora negocia `telephone-event`, mas também envia o tom no áudio, e os dois são contados. Troquei para `dtmf=rfc4733` com supressão do tom em banda. Com isso os cinco dígitos chegam uma vez cada.",
                "No SDP deles não há `telephone-event`, então nós é que precisamos mandar o tom em banda nessa rota: `dtmf=inband` só no {trunk}. Testei na URA do banco e passou.",
            ),
        ),
    ),
    tell_story(
        "softswitch",
        "technical",
        "high",
        subjects=(
            "Qualidade ruim nas chamadas de {city} no fim da tarde",
            "Voz metálica e cortes entre {afternoon} e 18h",
            "Jitter alto no tronco {trunk}",
        ),
        opening=(
            "Entre {afternoon} e 18h as chamadas para {city} ficam com voz metálica e cortes. MOS médio de 2,9 no painel. De manhã está sempre acima de 4.",
            "Os clientes se queixam de cortes no tronco {trunk}. O ping para `{ip2}` varia de 12 a 190 ms no horário de pico. O link contratado é de 100 Mb/s e não passa de {percent} %.",
        ),
        turns=(
            tells(
                "O RTP já chega ao softswitch com perda de 4 % e jitter de 60 ms, vindo de `{ip2}`. O problema está antes de nós. Mando um relatório por salto para você apresentar ao provedor do link."
            ),
            waits(
                "Relatório em anexo no chamado que abrimos com o provedor do link. Eles têm dois dias para responder.",
                "Falei com o provedor do link: reconhecem congestionamento no salto 6 e vão mudar a rota. Aguardamos.",
            ),
            says("O provedor nos confirmou a mudança de rota para hoje à noite.", "Hoje ainda tivemos cortes, mas menos."),
            confirms("Três dias sem nenhuma reclamação. Pode encerrar, obrigado.", "MOS de 4,2 a tarde toda. Resolvido."),
        ),
    ),
)
