"""Stories in Portuguese: bills, extensions, queues and voicemail."""

from helpdesk.demo.stories.model import Story, asks, confirms, notes, says, solves, tell_story, tells

STORIES: tuple[Story, ...] = (
    tell_story(
        "billing",
        "technical",
        "high",
        evidence="cdr",
        subjects=(
            "Faltam CDRs entre {hour} e a meia-noite",
            "Buraco nos CDRs do dia {day}",
            "Diferença de minutos entre o softswitch e o billing",
        ),
        opening=(
            "No dia {day} o billing tem {count} chamadas a menos do que o relatório do softswitch. A diferença está toda a partir das {hour}. Anexei a nossa contagem por hora.",
            "Fechando a fatura do cliente {peer}, notamos um buraco: nenhum CDR no dia {day} das {hour} em diante, embora o cliente tenha falado normalmente.",
        ),
        turns=(
            tells(
                "Os arquivos existem no softswitch, mas a coleta parou em um deles que tem uma linha truncada. Tudo o que vem depois está na fila, nada se perdeu."
            ),
            notes(
                "Linha cortada na virada do arquivo: disco do softswitch chegou a 100 % por alguns minutos. Conferir se o alerta de disco está ativo para este cliente."
            ),
            asks(
                "Posso reprocessar o dia {day} inteiro? As chamadas já faturadas não são duplicadas, mas os relatórios desse dia ficam indisponíveis por uns 20 minutos."
            ),
            says("Pode, mas depois das 19h, por favor.", "Sim, pode fazer agora."),
            solves(
                """Reprocessado:

                ```
                arquivos lidos      : 48
                chamadas novas      : {count}
                já existentes       : 91.207
                linhas rejeitadas   : 1  (truncada, guardada em rejects/)
                ```

                Os totais agora batem com o softswitch.""",
            ),
        ),
    ),
    tell_story(
        "billing",
        "technical",
        "medium",
        evidence="cdr",
        subjects=(
            "Arredondamento: fatura com diferença de centavos",
            "Tarifação 30/6 cobrando a mais em {city}",
            "Duração arredondada duas vezes",
        ),
        opening=(
            "O cliente {peer} contestou a fatura: as chamadas locais são 30/6 e ele calcula R$ {cents} a menos do que cobramos. Conferi dez chamadas e ele parece ter razão. Planilha em anexo.",
            "Uma chamada de 31 segundos está sendo cobrada como 42 em vez de 36. O plano é 30/6. Só acontece nas rotas de {city}.",
        ),
        turns=(
            asks("Essa rota tem tarifa em dois níveis (plano e exceção por área)? Pode me mandar a tela das duas?"),
            says("Tem sim: plano *Empresas* com 30/6 e uma exceção para {city} com 6/6. Segue o CSV das tarifas.", evidence="cdr"),
            solves(
                "Confirmado: a duração era arredondada pelo plano e de novo pela exceção (31 s vira 36, e 36 mais a fração vira 42). A correção está na {next_version}; para este mês rodamos a retarifação do cliente e a diferença foi de R$ {cents}.",
                "Não é defeito: a exceção de {city} foi criada com mínimo de 42 segundos. Ajustando o campo *mínimo* para 30, a chamada de 31 s passa a 36. Posso mostrar por telefone, se quiser.",
            ),
        ),
    ),
    tell_story(
        "billing",
        "functional",
        "low",
        evidence="cdr",
        subjects=(
            "Como importar a tabela de tarifas da operadora {trunk}?",
            "Importação de tarifas recusa o arquivo",
            "Reajuste anual: mudar {count} tarifas de uma vez",
        ),
        opening=(
            "A operadora do {trunk} mandou a tabela nova em CSV com {count} prefixos, válida a partir do mês que vem. O importador recusa com *coluna desconhecida*. Qual o formato esperado?",
            "Precisamos reajustar {count} tarifas em 4,2 % a partir do dia 1º, sem mexer nas chamadas deste mês. Dá para fazer de uma vez?",
        ),
        turns=(
            tells(
                """O formato é este, com ponto e vírgula e data de início em cada linha:

                ```
                prefixo;descricao;valor_min;inicio
                5548;Florianopolis local;0,0420;{isodate}
                ```

                Com a data de início futura, nada muda nas chamadas já feitas.""",
            ),
            says(
                "Agora aceitou, mas 12 linhas foram rejeitadas por *prefixo repetido*.",
                "Funcionou no ambiente de testes. Há como desfazer se errarmos em produção?",
            ),
            solves(
                "As repetidas são prefixos que já têm tarifa com a mesma data; marque *substituir* na importação. Cada importação pode ser desfeita inteira em *Tarifas > Histórico*.",
                "Sim: cada importação vira um lote, e o lote pode ser desfeito enquanto nenhuma chamada o usou.",
            ),
        ),
    ),
    tell_story(
        "billing",
        "technical",
        "medium",
        subjects=("Fechamento do mês demora mais de {count} minutos", "Fatura em PDF não é gerada para {peer}", "Fechamento trava em 83 %"),
        opening=(
            "O fechamento deste mês está rodando desde as {hour} e parou em 83 %. No mês passado levou 15 minutos. Posso cancelar?",
            "A fatura em PDF do cliente {peer} não é gerada; fica *em processamento*. As outras saíram.",
        ),
        turns=(
            tells(
                "Não cancele ainda: está vivo, mas lento. Falta um índice na tabela de exceções, que cresceu muito neste mês. Vou criar sem parar o fechamento.",
                "O PDF falha porque o nome fantasia do cliente tem um caractere que a fonte não possui. Vou contornar.",
            ),
            solves(
                "Índice criado; o restante terminou em 4 minutos e o total bate com a prévia. A {next_version} já traz esse índice.",
                "PDF gerado e conferido. Na {next_version} a fonte passa a cobrir esses caracteres.",
            ),
        ),
    ),
    tell_story(
        "pbx",
        "technical",
        "medium",
        subjects=(
            "Licença: sistema diz {count} ramais, contratamos mais",
            "Não consigo criar ramal: limite de licença",
            "Contagem de licenças não diminui",
        ),
        opening=(
            "Ao criar o ramal {ext} aparece *limite de licenças atingido ({count})*. Excluímos vários ramais na semana passada e a contagem não baixou.",
            "Compramos mais licenças no mês passado e o sistema ainda mostra {count}. Precisamos cadastrar uma turma nova amanhã cedo.",
        ),
        turns=(
            asks("Pode me enviar o arquivo de *Sistema > Licença > Exportar pedido*? Quero comparar com o que está no nosso cadastro."),
            says("Enviado agora. O servidor foi trocado em {city}, não sei se tem relação.", "Segue em anexo.", evidence="config"),
            notes(
                "Licença nova foi emitida para o identificador do servidor antigo. Emitida outra vez; avisar o comercial para conferir o cadastro."
            ),
            solves(
                "A licença estava presa ao servidor antigo. Emiti uma nova; basta enviá-la em *Sistema > Licença*. Conferido: 400 contratados, 371 em uso.",
                "Ramais excluídos ficam 30 dias na lixeira e contam. Esvaziando a lixeira, a contagem caiu na hora.",
            ),
        ),
    ),
    tell_story(
        "pbx",
        "functional",
        "low",
        subjects=(
            "Anúncio de posição na fila não toca",
            "Como trocar a mensagem da fila {queue}?",
            "Fila {queue}: anunciar tempo de espera",
        ),
        opening=(
            "Queremos que a fila *{queue}* informe a posição e o tempo estimado a cada 40 segundos. Marcamos a opção, mas só toca a música.",
            "Gravamos mensagens novas para a fila *{queue}* e, quando enviamos o arquivo, o sistema toca acelerado. O arquivo é WAV.",
        ),
        turns=(
            tells(
                "O anúncio só toca se *Idioma dos anúncios* estiver preenchido na fila; por herança ele ficou vazio. Coloque `pt_BR`.",
                "O WAV precisa ser mono, 8 kHz, 16 bits. Com o `sox`: `sox entrada.wav -r 8000 -c 1 -b 16 saida.wav`.",
            ),
            says(
                "Funcionou a posição, mas o tempo estimado diz sempre *menos de um minuto*.", "Perfeito. E para tocar só fora do horário?"
            ),
            solves(
                "O tempo é calculado com as últimas 20 chamadas atendidas; a fila é nova e ainda não tem tantas. Amanhã já deve dizer valores reais.",
                "Crie um segundo anúncio e amarre ao calendário *Fora do horário*, na mesma tela. Deixei um exemplo pronto na fila de testes.",
            ),
        ),
    ),
    tell_story(
        "pbx",
        "functional",
        "low",
        subjects=("Mensagem de feriado na URA", "URA: atender diferente no feriado de {city}", "Como programar o horário de fim de ano?"),
        opening=(
            "Como faço para a URA principal tocar a mensagem de feriado no aniversário de {city} e voltar sozinha no dia seguinte?",
            "Vamos atender em meio período entre o Natal e o Ano-Novo. Quero deixar programado, sem ninguém ter de trocar na hora.",
        ),
        turns=(
            tells(
                """Em *Calendários*, crie um com as datas especiais e ligue a URA a ele:

                1. *Calendários > Novo > Datas*: dia e horário;
                2. *URA > Destinos > Quando fechado*: a mensagem de feriado;
                3. teste com *Simular data*.""",
            ),
            confirms("Simulei e funcionou. Obrigado!", "Era isso mesmo. Pode encerrar."),
        ),
    ),
    tell_story(
        "pbx",
        "functional",
        "low",
        subjects=(
            "Perfil de supervisor só com relatórios",
            "Como dar acesso à fila {queue} sem dar acesso ao resto?",
            "Permissões: usuário vê ramais demais",
        ),
        opening=(
            "Precisamos de um usuário que veja os relatórios da fila *{queue}* e escute gravações, mas não altere ramais. Que perfil usar?",
            "Uma supervisora nova consegue ver os ramais de todas as filiais. Ela deveria ver só {city}.",
        ),
        turns=(
            tells(
                "Não há um perfil pronto, mas dá para copiar *Supervisor*, tirar *Ramais: alterar* e limitar a *Filas* à {queue}.",
                "O escopo é dado pelo grupo, não pelo perfil. Mova a usuária para o grupo de {city} e tire-a de *Todos*.",
            ),
            says("E para ela escutar só as gravações da própria fila?", "Fiz, mas ela ainda vê o relatório geral."),
            solves(
                "As gravações seguem o mesmo escopo da fila a partir da versão {version}; saia e entre de novo para valer.",
                "O relatório geral depende da permissão *Relatórios: todas as filas*; desmarque-a no perfil copiado.",
            ),
        ),
    ),
    tell_story(
        "pbx",
        "technical",
        "low",
        subjects=(
            "Correio de voz não chega por e-mail",
            "E-mail do correio de voz do ramal {ext} vem vazio",
            "Caixa postal: áudio não abre no celular",
        ),
        opening=(
            "Os recados do ramal {ext} deixaram de chegar por e-mail há {days} dias. Na caixa postal, pelo telefone, eles estão lá.",
            "O e-mail com o recado chega, mas o anexo não abre no celular. No computador abre.",
        ),
        turns=(
            tells(
                "O provedor de e-mail de vocês passou a exigir autenticação no envio; nos registros do PABX há `530 5.7.0 Authentication required` desde o dia {day}.",
                "O anexo sai em WAV com GSM, que os celulares não tocam. Mude o formato para MP3 em *Correio de voz > Formato*.",
            ),
            says("Criamos um usuário para isso. Onde informo?", "Mudei; vou testar com os colegas."),
            solves(
                "Em *Sistema > E-mail > Envio*. Vi daqui que os recados pendentes saíram.",
                "Confirmado nos registros: os últimos recados saíram em MP3 e foram abertos.",
            ),
        ),
    ),
    tell_story(
        "pbx",
        "functional",
        "medium",
        evidence="config",
        subjects=("API de ramais responde 401", "Integração com o CRM: como autenticar?", "Click-to-call a partir do nosso sistema"),
        opening=(
            "Estamos integrando o nosso CRM com a API de ramais e toda chamada volta com `401`, embora o usuário entre normalmente na tela.",
            "Queremos discar do nosso sistema com um clique: o ramal toca e, ao atender, liga para o cliente. Qual chamada da API faz isso?",
        ),
        turns=(
            tells(
                """A API usa uma chave própria, não a senha da tela:

                ```
                curl -H "Authorization: Bearer $CHAVE" https://{domain}/api/v2/extensions/{ext}
                ```

                A chave é criada em *Sistema > Chaves*, com escopo e validade.""",
                """Use *originate*, com o ramal que toca primeiro:

                ```
                curl -X POST -H "Authorization: Bearer $CHAVE" -d from={ext} -d to={number} https://{domain}/api/v2/calls
                ```""",
            ),
            says("Agora responde. Há limite de chamadas por minuto?", "Funcionou! Dá para mostrar o nome do cliente no visor?"),
            solves(
                "São 120 por minuto por chave; acima disso vem `429` com `Retry-After`.",
                "Sim: acrescente `-d display=Nome`. Aparece no visor dos modelos que têm texto.",
            ),
        ),
    ),
    tell_story(
        "pbx",
        "technical",
        "medium",
        evidence="sip_register",
        subjects=(
            "Ramais atrás de NAT param de tocar depois de alguns minutos",
            "Filial de {city} não recebe chamadas",
            "Home office: ramal {ext} só recebe logo depois de ligar",
        ),
        opening=(
            "Os ramais da filial de {city} fazem chamadas, mas depois de uns 3 minutos parados deixam de receber. Quando a pessoa faz uma ligação, volta a receber por mais um tempo.",
            "O pessoal em casa reclama que o ramal (exemplo {ext}) só toca se tiverem acabado de usar o telefone. No escritório não acontece.",
        ),
        turns=(
            tells(
                "Isso é o NAT do roteador esquecendo o mapeamento UDP. O registro está com expiração de 3600 s e sem keep-alive, então ninguém mantém a porta aberta. Sugiro keep-alive de 25 s no perfil de ramais remotos.",
                "Sintoma clássico de mapeamento NAT expirado: muitos roteadores esquecem UDP em 60 a 180 segundos. O perfil *Remotos* resolve: ele manda `OPTIONS` a cada 25 s.",
            ),
            says(
                "Mudei o perfil para *Remotos* em {count} ramais. Vou observar até amanhã.",
                "Onde fica essa opção? Achei só o tempo de registro.",
            ),
            solves(
                "Em *Ramais > Perfis > Remotos*, campo *Keep-alive*: 25. Depois reinicie só o registro do telefone. Conferi o ramal {ext}: está recebendo há duas horas sem parar.",
                "Verifiquei os registros: todos os ramais remotos respondem ao OPTIONS há mais de 12 horas. Considero resolvido.",
            ),
        ),
    ),
    tell_story(
        "pbx",
        "technical",
        "medium",
        evidence="sip_488",
        subjects=(
            "Transferência assistida derruba a chamada",
            "Ramal {ext}: chamada cai ao transferir",
            "REFER recusado com 488 na transferência",
        ),
        opening=(
            "Quando a telefonista (ramal {ext}) faz transferência assistida, a chamada cai no momento em que ela desliga. A transferência cega funciona. Começou na segunda-feira.",
            "As transferências entre a matriz e a filial de {city} caem. Dentro do mesmo site, não. Versão {version}.",
        ),
        turns=(
            tells(
                "O `REFER` com `Replaces` está sendo barrado no SBC entre os dois sites, porque o diálogo não é o mesmo dos dois lados. Preparei uma regra que trata a transferência no próprio PABX."
            ),
            says("Pode aplicar em produção depois das 19h.", "Ok, apliquem quando quiserem, o movimento agora é baixo."),
            solves(
                "Aplicado e testado com o ramal {ext}: dez transferências assistidas, nenhuma queda. A opção chama-se *Transferência local* e fica no perfil da telefonista."
            ),
        ),
    ),
)
