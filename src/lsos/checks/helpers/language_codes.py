"""Codes that hreflang accepts: ISO 639 languages, ISO 15924 scripts and ISO 3166-1 regions."""

_ISO_639_1_TEXT = """
aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de
dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia
id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo
lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl
ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti
tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""

_THREE_LETTER_TEXT = """
ace agq arz asa ast awa bal ban bem bez bho brx bug ceb cgg chr ckb cmn crh dav dje doi dsb dua
dyo ebu ewo fil fur gan gom gsw guz hak hak haw hil hmn hsb hsn ilo jbo jgo jmc kab kam kde kea
khq kln kok ksb ksf ksh lad lag lij lkt lmo lrc luo luy lzh mad mag mai mas mer mfe mgh mgo min
mni mos mua mwr mzn nan nap naq nds nmg nnh nso nus nyn pag pam pap pcm pnb rof rwk sah saq sat
sbp scn sco ses shi skr smn sma smj sms srn syr szl teo tet tok tum tvl twq tyv tzm udm vai vec
vun war wae wuu xal xog yav yue zgh zza
"""

_SCRIPTS_TEXT = """
adlm arab armn beng cans cher cyrl deva ethi geor grek gujr guru hang hans hant hebr jpan khmr
knda kore laoo latn mlym mong mymr nkoo olck orya sinh taml telu tfng thaa thai tibt vaii yiii
"""

_REGIONS_TEXT = """
ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs
bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee
eg eh er es et fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm
hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc
li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na
nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw
sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn to
tr tt tv tw tz ua ug um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
"""

ISO_639_1 = frozenset(_ISO_639_1_TEXT.split())
THREE_LETTER = frozenset(_THREE_LETTER_TEXT.split())
"""Languages in use on the web that have no two-letter code."""

DEPRECATED = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro"}
"""Withdrawn language codes with their successors; search engines still read them."""

SCRIPTS = frozenset(_SCRIPTS_TEXT.split())
REGIONS = frozenset(_REGIONS_TEXT.split())

MEANT = {
    "cn": "zh", "cz": "cs", "dk": "da", "gr": "el", "jp": "ja", "kr": "ko", "rs": "sr", "ua": "uk",
    "vn": "vi", "at": "de", "uk": "GB", "eng": "en", "ger": "de", "fre": "fr", "dut": "nl",
    "chi": "zh", "cze": "cs", "gre": "el",
}  # fmt: skip
"""What people mean by codes that are no languages or regions, or that the registry leaves out."""


def unregistered_subtag(tag: str) -> str:
    """The first subtag of a well-formed language tag that IANA's registry does not have.

    Only two-letter languages and regions, and the bibliographic codes of ISO 639-2, are judged:
    the registry has thousands of languages with three letters. "" if there is none.
    """
    language, *subtags = tag.strip().casefold().split("-")
    if len(language) == 2 and language not in ISO_639_1 and language not in DEPRECATED:
        return language
    if len(language) == 3 and language in MEANT:
        return language
    for subtag in subtags:
        if len(subtag) == 1:
            break  # extensions and private use follow
        if len(subtag) == 2 and subtag.isalpha() and subtag not in REGIONS:
            return subtag
    return ""
