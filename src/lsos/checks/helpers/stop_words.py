"""Function words of the languages in which keyword density is judged."""

_ENGLISH = (
    "a about above after again all also an and any are as at be because been before being below "
    "between both but by can could did do does doing down during each few for from further get "
    "had has have having he her here hers him his how i if in into is it its just may me more "
    "most must my no nor not now of off on once one only or other our ours out over own per same "
    "she should so some such than that the their theirs them then there these they this those "
    "through to too under until up us very was we were what when where which while who whom why "
    "will with would you your yours"
)
_GERMAN = (
    "ab aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin "
    "bis bist da damit dann das dass dein deine dem den denn der des dich die dies diese diesem "
    "diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas "
    "euch euer eure für gegen hab habe haben hat hatte hier hin hinter ich ihm ihn ihnen ihr ihre "
    "ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes kann kein keine können man "
    "mehr mein meine mich mir mit muss nach nicht nichts noch nun nur ob oder ohne sehr sein "
    "seine seinem seinen seiner selbst sich sie sind so solche soll sollte sondern sonst über um "
    "und uns unser unsere unserem unseren unserer unter viel vom von vor war waren was weg weil "
    "weiter welche wenn werde werden wie wieder will wir wird wo wollen zu zum zur zwar zwischen"
)
_FRENCH = (
    "a ai au aussi aux avec avez avons c ce ces cet cette comme d dans de des donc du elle elles "
    "en est et été être eu il ils j je l la le les leur leurs lui ma mais me mes moi mon n ne nos "
    "notre nous on ont ou où par pas plus pour qu que qui s sa sans se sera ses si son sont sous "
    "sur ta te tes toi ton tous tout toute toutes très tu un une vos votre vous y"
)
_SPANISH = (
    "a al algo ante antes aquí bien como con cual cuando de del desde donde dos e el él ella "
    "ellas ellos en entre era es esa ese eso esta está están este esto estos estas fue ha han "
    "hasta hay la las le les lo los más me mi mis muy nada ni no nos nosotros nuestra nuestras "
    "nuestro nuestros o otra otro para pero poco por porque puede que qué quien se ser si sí sin "
    "sobre son su sus también tan tanto te tiene todo todos toda todas tu tus un una uno unos "
    "usted y ya yo"
)
_ITALIAN = (
    "a ad agli ai al alla alle allo anche avere c che chi ci col come con cosa cui da dagli dai "
    "dal dalla dalle dallo degli dei del dell della delle dello di dove e è ed essere gli ha "
    "hanno ho i il in io l la le lei li lo loro lui ma mi mia mio molto nei nel nella nelle nello "
    "noi non nostra nostre nostri nostro o ogni per perché più può quale quando quella quello "
    "questa queste questi questo se sei senza si sia solo sono sono su sua sue sugli sul sulla "
    "sulle suo suoi ti tra tutti tutto un una uno vi voi vostra vostro"
)
_PORTUGUESE = (
    "a ao aos as às até com como da das de dela dele do dos e é ela elas ele eles em entre era "
    "essa esse esta está este eu foi há isso isto já lhe mais mas me mesmo meu minha muito na não "
    "nas nem no nos nós nossa nossas nosso nossos num numa o os ou para pela pelas pelo pelos por "
    "porque pode qual quando que quem são se sem ser seu seus só sobre sua suas também tem têm "
    "toda todas todo todos tu um uma você vocês"
)
_DUTCH = (
    "aan al alle als altijd bij dan dat de deze die dit doen door dus een en er geen haar had heb "
    "hebben heeft hem het hier hij hoe hun ik in is ja je jij jou jouw jullie kan kunnen maar "
    "meer met mijn moet na naar niet nog nu of om omdat ons onze ook op over te toch toen tot u "
    "uit uw van veel voor waar want was wat we wel welke werd wij wil worden wordt zal ze zich "
    "zij zijn zo zonder zou"
)

STOP_WORDS = {
    "en": frozenset(_ENGLISH.split()),
    "de": frozenset(_GERMAN.casefold().split()),
    "fr": frozenset(_FRENCH.split()),
    "es": frozenset(_SPANISH.split()),
    "it": frozenset(_ITALIAN.split()),
    "pt": frozenset(_PORTUGUESE.split()),
    "nl": frozenset(_DUTCH.split()),
}
"""By primary language subtag; other languages are not judged."""

ANY_STOP_WORD = frozenset[str]().union(*STOP_WORDS.values())
"""For a page that doesn't say its language."""
