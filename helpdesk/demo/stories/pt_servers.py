"""Stories in Portuguese: routing, recordings, clusters, monitoring and updates."""

from helpdesk.demo.stories.model import Story, asks, confirms, holds, notes, says, solves, tell_story, tells, waits

STORIES: tuple[Story, ...] = (
    tell_story(
        "softswitch",
        "technical",
        "high",
        evidence="sip_503",
        subjects=(
            "Consulta de portabilidade lenta: chamadas demoram a completar",
            "Portabilidade: {number} vai para a operadora errada",
            "Timeout na consulta à base de portabilidade",
        ),
        opening=(
            "Desde as {hour} as chamadas para celular demoram de 6 a 8 segundos para chamar. O log mostra *timeout* na consulta de portabilidade e depois segue pela rota padrão, que é mais cara.",
            "O número {number} foi portado há {days} dias, mas continuamos entregando na operadora antiga, que recusa com 404. A consulta manual na base mostra o destino certo.",
        ),
        turns=(
            tells(
                "A base local está com a última carga de {days} dias atrás; o processo que baixa as atualizações parou por falta de espaço em `/var/lib/portabilidade`.",
                "O serviço `lnpd` responde, mas cada consulta espera o servidor secundário, que não existe mais na rede de vocês.",
            ),
            asks(
                "Posso apagar os arquivos de carga com mais de 60 dias em `/var/lib/portabilidade/old`? São {count} GB e não são mais usados."
            ),
            says("Pode apagar, temos cópia. Preferimos que nós mesmos rodemos: qual o comando?", "Sim, autorizado."),
            solves(
                """Segue o que foi feito:

                ```
                find /var/lib/portabilidade/old -mtime +60 -delete
                systemctl restart lnpd
                lnpctl load --catch-up
                ```

                A base está em dia há uma hora; a consulta leva 3 ms e o {number} já sai pela operadora certa.""",
            ),
        ),
    ),
    tell_story(
        "softswitch",
        "functional",
        "low",
        subjects=(
            "Como assinar chamadas para a autenticação da Anatel?",
            "Origem verificada: o que precisamos configurar?",
            "STIR/SHAKEN: dúvida sobre o certificado",
        ),
        opening=(
            "Precisamos começar a assinar as chamadas de {count} clientes de telemarketing para a autenticação de chamadas exigida pela Anatel. O que o softswitch {version} já faz e o que falta do nosso lado?",
            "Recebemos o certificado para STIR/SHAKEN. Onde ele entra, e como escolho o nível de atestação por cliente? Não queremos assinar como A o que não é nosso.",
        ),
        turns=(
            tells(
                """A {version} assina. Em resumo:

                | Atestação | Quando usar |
                | --- | --- |
                | A | cliente seu, com número que você lhe deu |
                | B | cliente seu, número que você não confirma |
                | C | trânsito |

                O certificado entra em *Segurança > Autenticação de chamadas* e a atestação fica no cadastro de cada cliente.""",
            ),
            says(
                "Ficou claro. E se o relógio do servidor estiver errado?",
                "E as chamadas que recebemos já assinadas, o que acontece com o cabeçalho `Identity`?",
            ),
            solves(
                "O `iat` do token precisa estar a menos de 60 segundos da hora certa, então mantenha o NTP ativo; há um alerta para isso. O cabeçalho `Identity` recebido é repassado sem mudança, salvo se você ligar a reassinatura.",
                "O que chega assinado é verificado e repassado intacto. O resultado aparece no CDR, na coluna `verstat`.",
            ),
        ),
    ),
    tell_story(
        "softswitch",
        "technical",
        "high",
        evidence="config",
        subjects=(
            "CPU alta depois da atualização para a {version}",
            "Processo de roteamento em {percent} % de CPU",
            "Lentidão geral desde a atualização",
        ),
        opening=(
            "Atualizamos para a {version} no domingo e desde então o processo `routed` fica em {percent} % de CPU o dia todo. As chamadas completam, mas o painel demora.",
            "Depois da atualização, às {hour} a CPU vai a {percent} % e o PDD sobe para 5 segundos. Antes não passava de 30 %.",
        ),
        turns=(
            asks("Pode rodar `ssctl profile routed --seconds 30` no horário de pico e anexar o resultado?"),
            says("Segue o perfil, colhido às {hour}.", evidence="config"),
            notes(
                "80 % do tempo em expressões regulares do plano de discagem. A {version} deixou de guardar as compiladas. Confirmado com o desenvolvimento."
            ),
            tells(
                "O tempo está quase todo nas expressões do plano de discagem: a {version} recompila cada uma a cada chamada. É defeito nosso. Estamos preparando a correção.",
                "Reproduzimos com o seu plano de {count} regras. A correção está em teste.",
            ),
            solves(
                "A {next_version} foi publicada com a correção. Em paralelo, a opção `regex-cache on` já baixou a CPU de {percent} % para 22 % no seu ambiente."
            ),
        ),
    ),
    tell_story(
        "recorder",
        "technical",
        "critical",
        subjects=("Disco cheio: gravações pararam às {hour}", "Partição de gravações em 100 %", "Gravador parado, auditoria amanhã"),
        opening=(
            "As gravações pararam às {hour}. `/srv/gravacoes` está em 100 %. Somos obrigados a gravar todas as chamadas, então isso é **urgente**.",
            """O gravador parou. Saída do `df`:

            ```
            Filesystem      Size  Used Avail Use% Mounted on
            /dev/sdb1       1.8T  1.8T   12M 100% /srv/gravacoes
            ```

            A limpeza automática não rodou?""",
        ),
        turns=(
            tells(
                "Em andamento. A limpeza rodou, mas a retenção está em 10 anos: não havia nada a apagar. Para voltar a gravar já, movi o cache de espectrogramas (38 GB) para outra partição.",
                "As gravações voltaram há dez minutos: liberei {count} GB de arquivos temporários de conversão que tinham ficado para trás.",
            ),
            asks("Agora a decisão é de vocês: qual o prazo de retenção que o contrato com os seus clientes exige?"),
            says("Cinco anos para cobrança e seis meses para o resto.", "O jurídico confirmou: cinco anos."),
            solves(
                "Configurei a retenção por fila como você indicou. A limpeza desta noite deve liberar uns {percent} % do disco, e há agora um alerta em 85 %.",
                "Retenção ajustada e alerta em 85 % e 95 %. Nenhuma chamada ficou sem gravação desde então.",
            ),
        ),
    ),
    tell_story(
        "recorder",
        "functional",
        "low",
        subjects=(
            "LGPD: apagar gravações de um titular",
            "Como localizar todas as gravações de {number}?",
            "Exportar gravações para o jurídico",
        ),
        opening=(
            "Recebemos um pedido de titular (LGPD) para apagar as gravações em que aparece o número {number}. Como fazer, com registro de quem apagou?",
            "O jurídico pediu todas as gravações entre {number} e o ramal {ext} do último trimestre, com prova de que não foram alteradas.",
        ),
        turns=(
            tells(
                "Use *Gravações > Titular*: a busca é pelo número em qualquer formato. O apagamento exige duas pessoas e fica no registro, sem o conteúdo.",
                "A exportação gera um ZIP com os áudios, um CSV e um arquivo de resumos SHA-256 assinado. É em *Exportar > Custódia*.",
            ),
            says("Encontrou {count} gravações. O CSV também sai com o nome do atendente?", "Ótimo. Quem pode ser a segunda pessoa?"),
            solves(
                "Qualquer usuário com a permissão *Privacidade: confirmar*. Documentei o passo a passo no manual, capítulo 9.",
                "Sim, se a coluna *atendente* estiver marcada no modelo da exportação.",
            ),
        ),
    ),
    tell_story(
        "monitor",
        "technical",
        "low",
        subjects=("Alarme falso de tronco {trunk} fora", "Monitor: e-mails repetidos a cada minuto", "Alertas chegam com hora errada"),
        opening=(
            "O Monitor avisa que o tronco {trunk} caiu e, um minuto depois, que voltou. Foram {count} avisos nesta noite, mas nenhuma chamada falhou.",
            "Os alertas chegam com uma hora de diferença em relação ao relógio do servidor. O fuso configurado é o de Brasília.",
        ),
        turns=(
            tells(
                "O intervalo de verificação (10 s) está menor que a espera do OPTIONS (12 s nessa operadora). Suba para 30 s com 3 falhas seguidas antes de avisar.",
                "O agente ainda usa uma tabela de fusos antiga, com horário de verão. Atualize o pacote `tzdata` no servidor e reinicie o agente.",
            ),
            confirms("Uma noite inteira sem alarme falso. Obrigado.", "Hora certa agora. Encerrado."),
        ),
    ),
    tell_story(
        "monitor",
        "functional",
        "low",
        subjects=(
            "Como exportar as métricas para o Zabbix?",
            "Gráfico de chamadas simultâneas por cliente",
            "Painel para a TV da sala de operações",
        ),
        opening=(
            "Queremos ver as chamadas simultâneas de cada tronco no nosso Zabbix. O Monitor {version} expõe isso de algum jeito?",
            "Gostaríamos de um painel só com {count} clientes para a TV da operação, sem precisar de senha a cada manhã.",
        ),
        turns=(
            tells(
                """Há um ponto de leitura em formato Prometheus, que o Zabbix também lê:

                ```
                http://{ip}:9464/metrics
                sip_calls_active {{trunk="{trunk}"}} 37
                ```""",
                "Crie um *Painel público* com endereço secreto em *Painéis > Compartilhar*. Ele só lê e pode ser limitado ao IP da TV.",
            ),
            says("Funcionou. Dá para ter também o MOS?", "Certo. E para girar entre dois painéis?"),
            solves(
                "Dá: `sip_mos_avg`, por tronco e por minuto. A lista completa está no manual, apêndice C.",
                "No endereço, use `?rotate=30`: alterna a cada 30 segundos.",
            ),
        ),
    ),
    tell_story(
        "softswitch",
        "update_service",
        "medium",
        subjects=(
            "Atualização do softswitch {version} para a {next_version}",
            "Ajuda para atualizar o ambiente de produção",
            "Janela de atualização em {city}",
        ),
        opening=(
            "Queremos atualizar o softswitch da {version} para a {next_version} num sábado à noite. Precisamos de alguém acompanhando e de um plano de volta.",
            "A {next_version} corrige o defeito dos canais presos. Podem nos ajudar a atualizar? Temos uma janela das 23h às 5h.",
        ),
        turns=(
            tells(
                "Claro. O roteiro: cópia do banco, atualização do nó reserva, troca, observação de 30 minutos, atualização do outro nó. A volta é a troca inversa, uns 2 minutos."
            ),
            holds(
                "Acompanhamento de atualização fora do horário comercial: até 4 horas, pela tarifa do contrato. Precisa da aprovação de um responsável da sua empresa."
            ),
            says("Aprovado internamente, podem marcar.", "A diretoria aprovou. Confirmamos o sábado."),
            solves(
                "Atualização concluída às 2h40: os dois nós na {next_version}, 200 chamadas de teste, nenhuma falha. O registro completo está em anexo no ambiente de vocês, em `/var/log/upgrade.log`."
            ),
        ),
    ),
    tell_story(
        "sbc",
        "update_service",
        "low",
        subjects=(
            "Atualizar o par de SBCs sem parada",
            "Dúvida antes de atualizar o SBC para a {next_version}",
            "Atualização do SBC de testes",
        ),
        opening=(
            "Temos dois SBCs em alta disponibilidade na {version}. A nota da {next_version} fala em mudança no formato da configuração. A troca continua sem parada?",
            "Gostaríamos de atualizar primeiro o SBC de testes e depois o de produção, com apoio de vocês no segundo.",
        ),
        turns=(
            tells(
                "Sem parada, desde que o nó reserva seja atualizado primeiro. A configuração é convertida sozinha; guarde uma cópia com `sbcctl export`."
            ),
            asks(
                "Para preparar o roteiro: quantas chamadas simultâneas vocês têm no horário da janela, e há troncos com IP fixo que precisem saber da troca?"
            ),
            says(
                "Umas {count} no máximo. Só o {trunk} tem IP fixo, e aponta para o endereço virtual.",
                "De madrugada quase nada. Todos os troncos usam o endereço virtual.",
            ),
            holds("Apoio durante a atualização de produção: 2 horas de serviço de atualização. Aguardamos o aceite de um aprovador."),
            solves("Feito. O nó reserva assumiu em 1,2 segundo e nenhuma chamada caiu. Os dois estão na {next_version}."),
        ),
    ),
    tell_story(
        "softswitch",
        "technical",
        "critical",
        evidence="cdr",
        subjects=(
            "Suspeita de fraude: chamadas para destinos internacionais",
            "Ramal {ext} fez {count} chamadas internacionais de madrugada",
            "Tráfego anormal saindo por {trunk}",
        ),
        opening=(
            "Entre 2h e 5h saíram {count} chamadas para números especiais no exterior pelo ramal {ext}. O cliente não reconhece. Já bloqueamos o ramal; precisamos saber se há outros.",
            "O {trunk} nos avisou de tráfego anormal para destinos de alto custo. CDRs em anexo. Como isso passou pelo limite de crédito?",
        ),
        turns=(
            tells(
                "Bloqueei daqui a classe *internacional especial* para todos os clientes, como vocês pediram por telefone. Só o ramal {ext} registra de fora do país (`{ip3}`); os demais estão limpos.",
                "Contido: a senha do ramal {ext} era igual ao número. As chamadas pararam. Estou conferindo os outros ramais com senha fraca.",
            ),
            notes(
                "Cliente tinha desligado o antifraude em março por causa de falso positivo. Falar com a conta sobre religar, com limites por cliente."
            ),
            says("Obrigado. Quantos ramais têm senha fraca?", "Trocamos as senhas. O que fazer para não repetir?"),
            solves(
                "Eram {count} ramais com senha fraca; a lista foi por este chamado e todos estão com senha nova. Religamos o antifraude com limite de 10 chamadas internacionais por hora e aviso imediato.",
                "Antifraude religado, registro de fora do Brasil bloqueado por padrão e senha mínima de 16 caracteres. Segue o relatório para o boletim de ocorrência.",
            ),
        ),
    ),
    tell_story(
        "softswitch",
        "technical",
        "high",
        subjects=(
            "Cluster trocou de nó sozinho às {hour}",
            "Alta disponibilidade: nó reserva não assume",
            "Dois nós ativos ao mesmo tempo",
        ),
        opening=(
            "O softswitch trocou do nó A para o B às {hour} sem motivo aparente. {count} chamadas caíram. Queremos entender antes que se repita.",
            "No teste mensal desligamos o nó ativo e o reserva não assumiu o IP virtual. Tivemos de religar o primeiro. Versão {version}.",
        ),
        turns=(
            asks("Pode enviar o `journalctl -u ssha` dos dois nós entre 10 minutos antes e 10 depois?"),
            says("Enviados os dois. Reparei em *lost quorum* no nó A.", "Segue. No reserva aparece *fencing refused*.", evidence="config"),
            waits(
                "O switch entre os nós perdeu pacotes por 14 segundos, e o tempo de espera do cluster é de 10. A equipe de redes de vocês acionou o fabricante do switch; aguardo o laudo para fechar a causa.",
                "A placa de gerência do nó A está sem resposta; por isso o reserva se recusou a assumir. O fornecedor do servidor vai trocá-la.",
            ),
            solves(
                "Com o firmware do switch atualizado e a espera em 20 segundos, repetimos o teste três vezes: troca em 2 segundos, nenhuma chamada perdida além das em estabelecimento.",
                "Placa trocada; o teste de hoje passou: o reserva assumiu em 3 segundos.",
            ),
        ),
    ),
    tell_story(
        "softswitch",
        "technical",
        "high",
        evidence="sip_503",
        subjects=(
            "Chamadas para 190 e 192 de {city} vão para o lugar errado",
            "Emergência: 193 não completa",
            "Roteamento de números tridígitos depois da mudança de área",
        ),
        opening=(
            "As chamadas para 192 feitas por assinantes de {city} caem na central da capital. Precisam ir para a central regional.",
            "O 193 não completa para os assinantes portados: o log mostra 404 antes de sair pelo tronco {trunk}.",
        ),
        turns=(
            tells(
                "A escolha é feita pela área do assinante, e os de {city} estão cadastrados com a área da capital. São {count} assinantes nessa situação."
            ),
            says("Corrigimos o cadastro de todos. Como conferir sem ligar para a emergência?", "Pode nos dar a lista deles?"),
            solves(
                """Para conferir sem discar:

                ```
                ssctl route test --from {number} --to 192
                -> rota EMERG-REGIONAL, tronco {trunk}
                ```

                Rodei para os {count} assinantes e todos saem pela rota regional.""",
            ),
        ),
    ),
)
