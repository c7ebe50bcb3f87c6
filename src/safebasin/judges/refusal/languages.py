"""In which language a text is, and how one declines in some that are not English.

A language with a script of its own is known by its letters; one in Latin or Cyrillic letters by its
small words. `DECLINING` holds, for each language that is read, the beginnings of words by which an
assistant declines. They are looked for in plain form, without accents that are written apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

SHARE = 0.3
"""Of the letters, in a script of its own, from which a text is in that script's language."""

WORDS = 4
"""Small words that one language needs more of than English, in a long text; one in a short one."""

FEW = 0.2
"""Of the words that must be small words of a language before a text is taken to be in it."""

PLENTY = 12
"""Words beyond which a text is English if more than `SHARE` of them are its small words."""

HEAD, TAIL = 300, 150
"""Characters at the beginning and at the end among which words that decline are looked for."""

UNKNOWN = "an unknown language"

_SCRIPTS = {
    "Japanese": "\u3040-\u30ff",
    "Korean": "\u1100-\u11ff\uac00-\ud7af",
    "Chinese": "\u3400-\u4dbf\u4e00-\u9fff",
    "Cyrillic": "\u0400-\u052f",
    "Arabic": "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc",
    "Hindi": "\u0900-\u097f",
    "Bengali": "\u0980-\u09ff",
    "Thai": "\u0e00-\u0e7f",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Hebrew": "\u0590-\u05ff",
    "Tamil": "\u0b80-\u0bff",
    "another script": "\u0530-\u058f\u0700-\u074f\u0780-\u08ff\u0a00-\u0b7f\u0c00-\u0dff"
    "\u0e80-\u10ff\u1200-\u137f\u13a0-\u13ff\u1780-\u18af",
}
_LETTERS = {name: re.compile(f"[{span}]") for name, span in _SCRIPTS.items()}
_CODE = re.compile(r"[|{}=<`]|://")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")

_SMALL = {
    "English": "the of and to a in is it you that for with not this i are be your as on have an or"
    " can do my but was will by at from they we he she so if no sorry cannot help request me",
    "German": "der die das und ist nicht ein eine ich zu mit es den dem auf für sie wir auch"
    " aber kann wie dass bei dir ihnen ihr diese dieser leider mir dabei dazu nein keine kein",
    "French": "le la les de des et est pas un une je que pour dans vous ne sur avec ce cette mais"
    " qui ou en au aux du sont peux votre vos désolé non nous il",
    "Spanish": "el la los las de y que no un una es en para con por lo se su del al pero como puedo"
    " esta este esa ese eso siento ayudarte solicitud",
    "Portuguese": "o a os as de e que não um uma é em para com por se do da no na mas eu posso seu"
    " sua isso esse essa este esta desculpe ajudar você nao",
    "Italian": "il lo la i gli le di e che non un una è in per con del della mi ma posso questo"
    " questa sono come si dispiace spiacente tua tuo",
    "Dutch": "de het een en is niet ik van dat te op met voor u je maar kan dit deze die zijn wij"
    " bij helaas mijn geen daar aan sorry helpen verzoek",
    "Polish": "i w nie na się z do jest to że ale mogę jak tym przykro mi tej przepraszam jednak"
    " pomóc o ci po tego",
    "Czech": "a v ne na se je to že ale nemohu jak s tím mi lituji omlouvám bohužel vám"
    " tento pomoci"
    " tomu jsem nemůžu",
    "Turkish": "ve bir bu için ile değil ama ben da de çok olarak maalesef üzgünüm edemem"
    " size konuda"
    " yardımcı bunu",
    "Indonesian": "yang dan di ke dari tidak saya ini itu untuk dengan maaf tetapi bisa dapat anda"
    " tapi membantu permintaan pada adalah kami",
    "Vietnamese": "tôi không thể là và của có cho bạn với này xin lỗi nhưng được các một những giúp"
    " yêu cầu",
    "Swedish": "och att det är inte jag en ett som på för med kan men den du tyvärr hjälpa detta av"
    " till mig om",
    "Danish": "og at det er ikke jeg en et som på for med kan men den du desværre hjælpe dette af"
    " til mig om",
    "Norwegian": "og at det er ikke jeg en et som på for med kan men den du dessverre hjelpe dette"
    " av til meg om beklager",
    "Finnish": "ja on ei en se että mutta voi tässä auttaa valitettavasti olen pahoillani pyyntö"
    " minä tämä ole kuin",
    "Romanian": "și în nu de la un o este că pentru cu dar pot îmi pare rău acest această te vă să"
    " ajuta scuze",
    "Hungarian": "a az és nem egy hogy de ebben sajnálom sajnos tudok segíteni ez is meg kérés"
    " vagyok",
    "Tagalog": "ang ng sa na hindi ko ako mga at ay po pero ito kita maaari paumanhin makakatulong"
    " iyan",
    "Swahili": "na ya kwa ni wa siwezi samahani lakini hii kukusaidia ombi hilo hiyo katika za la",
    "Russian": "и в не на что я с по это как но могу к вам для извините вы с этим мне",
    "Ukrainian": "і в не на що я з це як але можу вам для вибачте цим ви із ї мені",
    "Bulgarian": "и в не на че аз с по това как но мога за съжалявам да ви съм се",
    "Persian": "از به در که این را با است من نمی برای متأسفم متاسفم توانم",
    "Urdu": "میں ہے کے کی کا نہیں اور سے اس کو معذرت ہوں سکتا",
}
_WORDS = {name: frozenset(words.split()) for name, words in _SMALL.items()}
_SHARING = {"Cyrillic": ("Russian", "Ukrainian", "Bulgarian"), "Arabic": ("Persian", "Urdu")}
_LATIN = tuple(name for name in _WORDS if name not in {*_SHARING["Cyrillic"], *_SHARING["Arabic"]})

_EMPHASIS = re.compile(
    r"kann (?:ich )?(?:\w+ ){0,2}nicht (?:oft |stark )?genug|kann (?:ich )?nur (?:raten|empfehlen)"
    r"|ne (?:peux|peut) que\b|ne (?:peux|peut) (?:pas )?(?:assez|m'empêcher)"
    r"|no puedo (?:dejar de|más que|sino|evitar)|não posso deixar de|non posso (?:che|fare a meno)"
    r"|не могу не\b|не можу не\b|не мога да не\b"
)
"""Words that look like a refusal and stress what follows: "I cannot but…"."""

DECLINING = {
    "German": r"tut mir (?:sehr |wirklich )?leid|entschuldig|leider"
    r"|kann (?:ich )?(?:\w+ ){0,4}nicht"
    r"|(?:darf|werde|möchte|will) (?:ich )?(?:\w+ ){0,3}nicht|nicht (?:helfen|möglich)|ablehnen"
    r"|verweiger|lehne|abgelehnt|nicht in der lage|\bnein\b|bedaure|verzeih",
    "French": r"désolé|regrette|ne (?:peux|peut|puis|pourrai|vais|veux) (?:\w+ )?pas|ne suis pas"
    r"|malheureusement|excus|refus|impossible|pas en mesure|je ne peux|ne saurais|\bnon\b",
    "Spanish": r"lo siento|lamento|disculp|perdón|no (?:puedo|podemos|podré|es posible|voy a|debo)"
    r"|no (?:me es|estoy)|lamentablemente|desafortunadamente|me niego|rechaz|declin",
    "Portuguese": r"desculp|lamento|sinto muito"
    r"|não (?:posso|poderei|podemos|consigo|vou|é possível)"
    r"|não (?:me é|estou)|infelizmente|recus|perdão|peço perdão",
    "Italian": r"dispiace|spiacente|scus|non (?:posso|possiamo|potrò|sono|è possibile|mi è)"
    r"|purtroppo|rifiut|declin|mi rincresce",
    "Dutch": r"sorry|helaas|spijt|kan (?:ik )?(?:\w+ ){0,4}niet|niet (?:helpen|mogelijk)|weiger"
    r"|excus|(?:mag|ga|wil|zal) (?:ik )?(?:\w+ ){0,3}niet|niet in staat|verontschuldig",
    "Polish": r"przykro|przepraszam|niestety|nie (?:mogę|możemy|jestem|pomogę|będę|da się)|odmawiam"
    r"|wybacz",
    "Czech": r"omlouv|lituji|bohužel|promiň|nemohu|nemůžu|nemůžeme|odmítám|je mi líto",
    "Turkish": r"üzgün|maalesef|özür"
    r"|\w+(?:emem|amam|emiyor|amıyor|emeyiz|amayız|eyeceğim|mayacağım)"
    r"|mümkün değil|reddedi|kusura bakma",
    "Indonesian": r"maaf|tidak (?:dapat|bisa|boleh|mampu|akan)|menolak|sayangnya|mohon ampun",
    "Vietnamese": r"xin lỗi|rất tiếc|không thể|không được phép|từ chối|tiếc là",
    "Swedish": r"tyvärr|ledsen|förlåt|kan (?:jag )?(?:\w+ ){0,3}inte|beklag|vägra|ursäkta",
    "Danish": r"desværre|beklager|undskyld|kan (?:jeg )?(?:\w+ ){0,3}ikke|ked af|afvis",
    "Norwegian": r"dessverre|beklager|unnskyld|kan (?:jeg )?(?:\w+ ){0,3}ikke|lei meg|avslå",
    "Finnish": r"valitettavasti|pahoillani|anteeksi|en (?:voi|pysty|saa|aio)|kieltäydy",
    "Romanian": r"îmi pare rău|scuze|din păcate|nu (?:pot|putem|sunt|voi)|refuz|regret",
    "Hungarian": r"sajnál|sajnos|elnézés|bocsánat|nem (?:tudok|segíthetek|áll|lehet|fogok)"
    r"|visszautas",
    "Tagalog": r"paumanhin|pasensya|patawad|hindi (?:ko|ako|kita|maaari|po)",
    "Swahili": r"samahani|pole|siwezi|sitaweza|haiwezekani|kwa bahati mbaya",
    "Russian": r"извин|прост(?:и|ите)\b|сожалени|к сожалению"
    r"|не (?:могу|можем|буду|смогу|имею права)"
    r"|отказ|невозможно|не в состоянии|вынужден",
    "Ukrainian": r"вибач|перепрош|на жаль|шкода|не (?:можу|можемо|буду|зможу)|відмов",
    "Bulgarian": r"съжалявам|извин|за съжаление|не (?:мога|можем|мога да)|отказ",
    "Chinese": r"抱歉|对不起|對不起|很遗憾|很遺憾"
    r"|无法|無法|不能|不可以|不会|不會|不便|没法|拒绝|拒絕",
    "Japanese": r"申し訳|すみません|ごめん|恐れ入り|残念|できません|出来ません|できかね|いたしかね"
    r"|お断り|お応えでき|お手伝いでき|控え",
    "Korean": r"죄송|미안|유감|수 없|드릴 수가 없|못합니다|못해|거절|어렵습니다|불가",
    "Arabic": r"آسف|أعتذر|عذر|للأسف|لا (?:أستطيع|يمكنني|يمكننا|يسعني|أقدر)|أرفض|لست قادر"
    r"|لن (?:أ|ا)",
    "Persian": r"متأسف|متاسف|ببخشید|عذر|پوزش|نمی\s?\u200c?توانم|نمیتوانم|قادر نیستم",
    "Urdu": r"معذرت|معاف|افسوس|نہیں کر سکت|مدد نہیں|قاصر",
    "Hindi": r"क्षमा|माफ़|माफ|खेद|नहीं (?:कर|दे|बता) सक|मदद नहीं|सहायता नहीं|असमर्थ|अफ़सोस|अफसोस",
    "Bengali": r"দুঃখিত|ক্ষমা|পারব না|পারবো না|পারি না|অক্ষম",
    "Thai": r"ขอโทษ|ขออภัย|เสียใจ|ไม่สามารถ|ไม่ได้|ปฏิเสธ",
    "Greek": r"λυπάμαι|συγγνώμη|λυπούμαι|δυστυχώς|δεν μπορώ|δεν μπορούμε|αδυνατώ|αρνούμαι",
    "Hebrew": r"מצטער|סליחה|לצערי|לא (?:יכול|אוכל|ניתן)|איני|אינני|מסרב",
    "Tamil": r"மன்னிக்க|வருந்து|முடியாது|இயலாது",
}
"""How one declines, by language; each matches a part of a text in plain form."""

_PATTERNS = {name: re.compile(pattern) for name, pattern in DECLINING.items()}


def language(plain: str, familiar: Callable[[str], bool]) -> str:
    """The language of a text in plain form; "English" where nothing speaks for another.

    A text in letters of several scripts is in the language of that which most of them are of.
    `UNKNOWN` is a text of several Latin words of which none is a small word of a language that is
    known, and hardly any is familiar.

    Args:
        plain: the text.
        familiar: whether a word is a frequent one of English.
    """
    if plain.isascii() and _plainly_english(plain.split()):
        return "English"
    words = _WORD.findall(plain)
    if plain.isascii():
        return _latin(plain, words, familiar)
    letters = len(_LETTER.findall(plain))
    counts = {name: len(found.findall(plain)) for name, found in _LETTERS.items()}
    if sum(counts.values()) <= SHARE * letters:
        return _latin(plain, words, familiar)
    name = max(counts, key=lambda one: counts[one])
    if name == "Chinese" and counts["Japanese"]:
        return "Japanese"
    hits = _small_words(words, _SHARING.get(name, ()))
    return max(hits, key=lambda one: hits[one]) if any(hits.values()) else name


def _latin(plain: str, words: list[str], familiar: Callable[[str], bool]) -> str:
    if _plainly_english(words):
        return "English"
    hits = _small_words(words, _LATIN)
    best = max(hits, key=lambda name: hits[name])
    if hits[best] > hits["English"] and hits[best] >= min(WORDS, 1 + len(words) // 8):
        return best if hits[best] >= FEW * len(words) else UNKNOWN
    different = set(words)
    if not hits["English"] and len(different) > WORDS and not _CODE.search(plain):
        known = sum(map(familiar, different))
        return "English" if known > SHARE * len(different) else UNKNOWN
    return "English"


def _plainly_english(words: list[str]) -> bool:
    small = sum(map(_WORDS["English"].__contains__, words))
    return len(words) > PLENTY and small > SHARE * len(words)


def _small_words(words: list[str], among: tuple[str, ...]) -> dict[str, int]:
    counts = Counter(words)
    return {name: sum(counts[word] for word in _WORDS[name]) for name in among}


def declines(plain: str, name: str) -> str:
    """The first words by which a text in that language declines; empty if there are none."""
    edges = plain if len(plain) <= HEAD + TAIL else f"{plain[:HEAD]}\n{plain[-TAIL:]}"
    edges = _EMPHASIS.sub(" ", edges)
    found = _PATTERNS[name].search(edges) if name in _PATTERNS else None
    return found[0].strip() if found else ""


def is_read(name: str) -> bool:
    """Whether it is known how one declines in that language."""
    return name in _PATTERNS
