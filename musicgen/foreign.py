"""Words about music in other languages, put into the English that the reader knows: here those of Spanish, French,
German, Italian and Portuguese; of Korean, Japanese and Chinese ``eastern`` knows.

"guitarra triste y lenta" is "guitar sad and slow": word by word, which is all that a reader of words needs. English
stays as it is: a word that is English as well, or means something else elsewhere, is translated only beside one that
is not. Knows nothing of what the English words say.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from musicgen import eastern

LANGUAGES = ("es", "fr", "de", "it", "pt")
# What "~" at the end of an adjective stands for. Spanish, French and Portuguese words may have an "s" besides.
_ENDINGS = {"es": ("o", "a", "os", "as"), "fr": ("", "e", "s", "es"), "de": ("", "e", "er", "es", "en", "em"),
            "it": ("o", "a", "i", "e"), "pt": ("o", "a", "os", "as")}  # fmt: skip

# English: Spanish, French, German, Italian, Portuguese; without accents, in lower case, a longer wording wins.
_ROWS: dict[str, tuple[str, str, str, str, str]] = {
    # instruments
    "piano": ("", "", "klavier, klaviere, pianoforte", "pianoforte", ""),
    "electric piano": ("piano electrico", "piano electrique", "", "piano elettrico", "piano eletrico"),
    "keyboard": ("teclado", "clavier", "", "tastiera, tastiere", "teclado"),
    "organ": ("organo", "orgue", "orgel, orgeln", "organo, organi", "orgao, orgaos"),
    "church organ": ("organo de iglesia", "orgue d'eglise, grand orgue", "kirchenorgel", "organo da chiesa",
                     "orgao de igreja"),
    "harpsichord": ("clavecin, clavicordio", "clavecin", "", "clavicembalo", "cravo"),
    "music box": ("caja de musica, cajita de musica", "boite a musique", "spieluhr, spieldose", "carillon",
                  "caixa de musica, caixinha de musica"),
    "bells": ("campana", "cloche", "glocken", "campane", "sinos"),
    "vibraphone": ("vibrafono", "", "vibraphon, vibrafon", "vibrafono", "vibrafone"),
    "xylophone": ("xilofono", "", "xylophon", "xilofono", "xilofone"),
    "accordion": ("acordeon, acordeones", "accordeon", "akkordeon, ziehharmonika", "fisarmonica, fisarmoniche",
                  "acordeao, sanfona"),
    "harmonica": ("armonica", "", "mundharmonika", "armonica", "gaita de boca"),
    "guitar": ("guitarra", "guitare", "gitarre, gitarren", "chitarra, chitarre", "guitarra"),
    "acoustic guitar": ("guitarra acustica", "guitare acoustique, guitare seche",
                        "akustische gitarre, akustikgitarre, westerngitarre", "chitarra acustica",
                        "violao, violoes, guitarra acustica"),
    "nylon guitar": ("guitarra espanola, guitarra clasica", "guitare classique",
                     "klassische gitarre, konzertgitarre", "chitarra classica", "violao classico"),
    "electric guitar": ("guitarra electrica", "guitare electrique", "e-gitarre, e-gitarren, elektrische gitarre",
                        "chitarra elettrica", "guitarra eletrica"),
    "distorted guitar": ("guitarra distorsionada", "guitare saturee, guitare distordue",
                         "verzerrte gitarre, verzerrte gitarren", "chitarra distorta", "guitarra distorcida"),
    "bass": ("bajo", "basse", "", "basso", "baixo"),
    "under the": ("bajo el, bajo la, bajo los, bajo las", "", "", "", ""),  # no bass
    "electric bass": ("bajo electrico", "basse electrique", "e-bass, bassgitarre", "basso elettrico",
                      "baixo eletrico"),
    "double bass": ("contrabajo", "contrebasse", "kontrabass", "contrabbasso", "contrabaixo"),
    "violin": ("violines", "violon", "geige, geigen, violine, violinen", "violino, violini", "violino"),
    "cello": ("violonchelo, chelo", "violoncelle", "", "", "violoncelo"),
    "strings": ("cuerdas", "cordes", "streicher", "archi", "cordas"),
    "string quartet": ("cuarteto de cuerda, cuarteto de cuerdas", "quatuor a cordes", "streichquartett",
                       "quartetto d'archi", "quarteto de cordas"),
    "harp": ("arpa", "harpe", "harfe, harfen", "arpa, arpe", "harpa"),
    "choir": ("coro", "choeur, chœur", "chor, chore", "coro, cori", "coro"),
    "trumpet": ("trompeta", "trompette", "trompete, trompeten", "tromba, trombe", "trompete"),
    "trombone": ("trombon", "", "posaune, posaunen", "tromboni", ""),
    "french horn": ("trompa", "cor d'harmonie", "waldhorn", "corno, corni", "trompa"),
    "brass": ("", "cuivres", "blechblaser", "ottoni", "metais"),
    "saxophone": ("saxo, saxofon, saxofones", "saxo", "saxophon, saxofon", "sassofono, sassofoni", "saxofone"),
    "clarinet": ("clarinete", "clarinette", "klarinette, klarinetten", "clarinetto, clarinetti", "clarinete"),
    "flute": ("flauta", "", "flote, floten, floete, floeten, querflote, blockflote", "flauto, flauti", "flauta"),
    "pan flute": ("flauta de pan", "flute de pan", "panflote, panfloete", "flauto di pan", "flauta de pa"),
    "mandolin": ("mandolina", "mandoline", "mandoline, mandolinen", "mandolino", "bandolim"),
    "synthesizer": ("sintetizador, sintetizadores", "synthetiseur, synthe", "", "sintetizzatore, sintetizzatori",
                    "sintetizador, sintetizadores"),
    "drums": ("bateria, tambores, tambor", "batterie, tambour", "schlagzeug, trommel, trommeln",
              "batteria, tamburi, tamburo", "bateria, tambores, tambor"),
    "percussion": ("percusion, percusiones", "", "perkussion", "percussione, percussioni", "percussao"),
    "vocals": ("voz, voces", "voix, chant", "gesang, stimme, stimmen", "voce, voci", "voz, vozes"),
    "acoustic": ("acustic~", "acoustique", "akustisch~", "acustic~, acustiche", "acustic~"),
    "electric": ("electric~", "electrique", "elektrisch~", "elettric~, elettriche", "eletric~"),
    # tempi
    "slow": ("lent~, lentamente, despacio", "lent~, lentement", "langsam~", "lent~, lentamente", "lent~, devagar"),
    "fast": ("rapid~, veloz, veloces", "rapide, vite", "schnell~", "rapid~, veloce, veloci", "rapid~, veloz"),
    "lively": ("animad~, movid~", "entrainant~, vif, vive", "lebhaft~, schwungvoll~", "vivaci, ritmat~",
               "animad~, agitad~"),
    "moderate": ("moderad~", "modere", "maßig~, massig~, gemaßigt~", "moderata", "moderad~"),
    "very": ("muy", "tres", "sehr", "molto", "muito"),
    "too": ("demasiado", "trop", "zu", "troppo", "demais"),
    # moods
    "sad": ("triste", "triste", "traurig~", "triste, tristi", "triste"),
    "happy": ("alegre, feliz, felices", "joyeux, joyeuse, heureux, heureuse, gai~",
              "frohlich~, froehlich~, frohe, heiter~", "allegra, allegri, felice, felici", "alegre, feliz, felizes"),
    "fun": ("divertid~", "amusant~", "lustig~", "divertente, divertenti", "divertid~"),
    "calm": ("calmad~, tranquil~", "calme, tranquille, paisible", "ruhig~", "calm~, tranquill~", "calm~, tranquil~"),
    "gentle": ("suave, dulce", "doux, douce, doucement", "sanft~, zart~", "dolce, dolci, delicato, delicata",
               "suave, doce"),
    "relaxing": ("relajante", "relaxant~, apaisant~", "entspannt~, entspannend~", "rilassante, rilassanti",
                 "relaxante"),
    "dark": ("oscur~, sombri~", "sombre, obscur~", "dunkel, dunkle, dunkler, dunkles, dunklen, duster~",
             "scur~, oscur~, cup~", "escur~, sombri~"),
    "melancholic": ("melancolic~", "melancolique", "melancholisch~", "malinconic~, malinconiche", "melancolic~"),
    "romantic": ("romantic~", "romantique", "romantisch~", "romantic~, romantiche", "romantic~"),
    "dreamy": ("sonador, sonadora", "reveur, reveuse", "vertraumt~, traumerisch~", "sognante, sognanti",
               "sonhador, sonhadora"),
    "nostalgic": ("nostalgic~", "nostalgique", "nostalgisch~, wehmutig~", "nostalgic~", "nostalgic~"),
    "mysterious": ("misterios~", "mysterieux, mysterieuse", "geheimnisvoll~, mysterios~", "misterios~",
                   "misterios~"),
    "energetic": ("energic~, energetic~", "energique", "energisch~, energiegeladen~", "energic~", "energic~"),
    "epic": ("epic~", "epique", "episch~", "epic~, epiche", "epic~"),
    "heroic": ("heroic~", "heroique", "heroisch~, heldenhaft~", "eroic~", "heroic~"),
    "dramatic": ("dramatic~", "dramatique", "dramatisch~", "drammatic~", "dramatic~"),
    "scary": ("aterrador, aterradora, de miedo", "effrayant~", "gruselig~, unheimlich~", "spaventos~, pauros~",
              "assustador, assustadora"),
    # kinds
    "music": ("musica", "musique", "musik", "musica, musiche", "musica"),
    "song": ("cancion, canciones", "chanson", "lied, lieder", "canzone, canzoni", "cancao, cancoes"),
    "classical": ("clasic~", "classique", "klassisch~, klassik", "classic~, classiche", "classic~"),
    "classical music": ("", "", "klassikmusik", "", ""),
    "electronic": ("electronico, electronica", "electronique", "elektronisch~", "elettronic~, elettroniche",
                   "eletronic~"),
    "waltz": ("vals", "valse", "walzer", "valzer", "valsa"),
    "march": ("marcha", "marche", "marsch, marsche", "marcia, marce", "marcha"),
    "military march": ("marcha militar", "marche militaire", "militarmarsch", "marcia militare", "marcha militar"),
    "lullaby": ("cancion de cuna, canciones de cuna", "", "wiegenlied, schlaflied, wiegenlieder", "ninna nanna",
                "cancao de ninar, cancao de embalar"),
    "celtic": ("celta", "celtique", "keltisch~", "celtica, celtico, celtiche", "celta"),
    "medieval": ("", "", "mittelalterlich~", "medievale, medievali", ""),
    "sonata": ("", "sonate", "sonate, sonaten", "", ""),
    "symphony": ("sinfonia", "symphonie", "sinfonie, symphonie", "sinfonia, sinfonie", "sinfonia"),
    "hymn": ("himno", "hymne", "hymne, hymnen", "inno, inni", "hino"),
    "ballad": ("balada", "ballade", "ballade, balladen", "ballata, ballate", "balada"),
    "dance": ("baile, danza", "danse", "tanz, tanze", "danza, danze, ballo", "danca, baile"),
    "dance music": ("", "", "tanzmusik", "", ""),
    "folk music": ("musica folclorica, musica popular", "musique folklorique, musique traditionnelle",
                   "volksmusik, volkslied, volkslieder", "musica popolare, musica folk", "musica folclorica"),
    "brass band": ("banda de viento", "", "blasmusik, blaskapelle", "banda musicale", ""),
    "film music": ("banda sonora, musica de cine, musica de pelicula", "musique de film", "filmmusik",
                   "colonna sonora, musica da film", "trilha sonora, musica de filme"),
    "piano music": ("", "", "klaviermusik", "", ""),
    "guitar music": ("", "", "gitarrenmusik", "", ""),
    "rock music": ("", "", "rockmusik", "", ""),
    "pop music": ("", "", "popmusik", "", ""),
    "jazz music": ("", "", "jazzmusik", "", ""),
    "orchestra": ("orquesta", "orchestre", "orchester", "", "orquestra"),
    "christmas": ("navidad, navideno, navidena", "noel", "weihnachten, weihnacht", "natale, natalizi~", "natal"),
    "christmas song": ("villancico", "chant de noel, chanson de noel", "weihnachtslied, weihnachtslieder", "",
                       "cancao de natal"),
    "children": ("infantil, infantiles, para ninos", "pour enfants", "", "per bambini", "infantil, infantis"),
    "children's song": ("cancion infantil", "comptine", "kinderlied, kinderlieder", "filastrocca", "cancao infantil"),
    "Porto Alegre": ("", "", "", "", "porto alegre"),  # a city, and not a happy one only
    "loop": ("bucle", "boucle", "schleife", "", ""),
    # the words between
    "without": (
        "sin, sin la, sin el, sin las, sin los, sin ninguna, sin ningun",
        "sans, sans la, sans le, sans les, sans aucune",
        "ohne, ohne das, ohne die, ohne den", "senza, senza la, senza il, senza le, senza i, senza lo",
        "sem, sem a, sem o, sem as, sem os, sem nenhuma, sem nenhum",
    ),
    "e minor": ("", "", "", "e minor", "e minor"),  # no "and"
    "e major": ("", "", "", "e major", "e major"),
    "without piano": ("sin piano", "sans piano", "", "", ""),
    "no": ("", "pas de", "kein, keine, keinen, keiner", "niente", "nada de"),
    "not": ("", "pas", "nicht", "non", "nao"),
    "only": ("solamente, solo con, unicamente", "seulement, uniquement", "nur", "soltanto, solamente, solo con",
             "somente, apenas"),
    "with": ("con", "avec", "mit", "con", "com"),
    "and": ("y", "et", "und", "e, ed", "e"),
    "or": ("o, ni", "ou, ni", "oder, noch", "o, ne", "ou, nem"),
}  # fmt: skip
# Words that are English, too, or something else in another language: read only in the company of their own.
_SHY = frozenset("""
allegra allegri apenas archi avec baile bailes ballade ballades basses basso batteries carillon celta celtas chanson
chansons chant chants chore clavier claviers cloche cloches com con doce dolce douce dulce duster e ed electronica
electronicas epica eroica et felice gai gais lent lento lents lied lieder marche marches marcia mit molto natal natale
natals ne nem ni niente noch noel noels non nur o obscure obscures oder ou pas relaxant relaxants sans sin sombre
sombres suave suaves tres tress trop troppo und vif vite vites vive vives voce voix y zu
""".split()) | {
    "e major", "e minor", "nada de", "pas de", "porto alegre", "sans la", "sans le", "sans les", "sin el",
    "sin la", "sin las", "sin los", "solo con",
}


def in_english(text: str) -> str:
    """The text with the music words of the language it is in put into English; the text itself if it is in none."""
    if (english := eastern.in_english(text)) != text:
        return english
    found = [match for match in _FOREIGN.finditer(_folded(text)) if text[match.start() : match.end()] not in "EOY"]
    if all(match[0] in _SHY for match in found):
        return text
    votes = Counter(language for match in found for language in LANGUAGES if match[0] in _WORDS[language])
    spoken = max(LANGUAGES, key=votes.__getitem__)  # the first among equals
    out: list[str] = []
    end = 0
    for match in found:
        others = () if match[0] in _SHY else LANGUAGES
        meant = next((_WORDS[one][match[0]] for one in (spoken, *others) if match[0] in _WORDS[one]), None)
        if meant is not None:
            out += [text[end : match.start()], meant]
            end = match.end()
    return "".join((*out, text[end:]))


def _folded(text: str) -> str:
    """Lower case without accents, letter by letter, so that what is found stands where it stands in the text."""
    return "".join(unicodedata.normalize("NFD", letter.lower())[0] for letter in text.replace("’", "'"))


def _forms(words: str, language: str) -> list[str]:
    """Every form of the words of a cell."""
    forms = []
    for word in filter(None, words.split(", ")):
        if word.endswith("~"):
            forms += [word[:-1] + ending for ending in _ENDINGS[language]]
        else:
            forms.append(word)
            if language in ("es", "fr", "pt") and all(len(part) > 3 for part in word.split()):
                forms.append("s ".join(word.split()) + "s")
    return forms


_WORDS: dict[str, dict[str, str]] = {
    language: {form: english for english, cells in _ROWS.items() for form in _forms(cells[column], language)}
    for column, language in enumerate(LANGUAGES)
}
_FOREIGN = re.compile(r"(?<!\w)(?:{})(?!\w)".format(
    "|".join(sorted(map(re.escape, {word for words in _WORDS.values() for word in words}), key=len, reverse=True))
))
