"""Names of flowers that sound otherwise than they are spelt: Latin, and how they are written in Russian.

Where letters tell the sound («Naomi», «Mondial», «Explorer»), `message_word_sound` in PostgreSQL finds the
pair by itself. Word by word: «White O'Hara» is "white" and "hara".
"""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

_TABLE = """
    avalanche аваланш аваланч; white вайт уайт; black блэк блек; pink пинк; red ред рэд; blue блю; green
    грин; yellow йеллоу еллоу; purple перпл; orange оранж; gold голд; golden голден; silver сильвер;
    lavender лавендер лаванда; cream крем; peach пич; snow сноу; ocean оушен оушн; song сонг; magic
    мэджик меджик; high хай; deep дип; sweet свит; sweetness свитнес свитнесс; queen квин; king кинг;
    princess принцесс; lady леди лэди; night найт; light лайт; bright брайт; brighton брайтон; sunrise
    санрайз; sunset сансет; sun сан; moon мун; star стар; summer саммер; spring спринг; winter винтер;
    candy кэнди канди; bubbles баблз баблс бабблз; bombastic бомбастик; garden гарден; spirit спирит;
    wedding веддинг; cloud клауд; love лав; heart харт; kiss кисс; angel энджел ангел; dream дрим; dolce
    дольче; vita вита; tea ти; water вотер уотер; cool кул; juliet джульетта джульет; juliette
    джульетта; jumilia джумилия; jana яна; julia джулия юлия; james джеймс; george джордж; austin остин;
    david дэвид девид давид; charity черити; patience пейшенс; constance констанс констанция; keira
    кира; beatrice беатрис; hara хара; eagle игл; quicksand квиксенд квиксанд; mother мазер; pearl перл;
    sophie софи; sarah сара; bernhardt бернар; coral корал; charm шарм; duchess дюшес дачес; nemours
    немур; kansas канзас; top топ; paloma палома; country кантри; blues блюз; athena афина атена;
    tiffany тиффани; shimmer шиммер; nina нина; tara тара; wasabi васаби; amnesia амнезия; cappuccino
    капучино каппучино; cafe кафе; latte латте; barista бариста; mocha мокко мока; toffee тоффи; caramel
    карамель; toxic токсик; hermosa эрмоса хермоса; esperance эсперанс; esperanza эсперанса; playa плайя
    плая; blanca бланка; mandala мандала; frutteto фруттето; hot хот; shot шот; jade джейд; jessica
    джессика; marie мари; claire клер; rose роуз роз; roses роузес; baby бэби беби; mini мини; spray
    спрей; double дабл; strong стронг; dynasty династи; royal роял; virgin вирджин; columbus колумбус;
    fire файр фаер; flame флейм; flash флэш флеш; ice айс; iceberg айсберг; wild вайлд; wave вейв; lace
    лейс; lake лейк; page пейдж; face фейс; grace грейс; race рейс; space спейс; style стайл; pride
    прайд; prime прайм; shine шайн; mayflower мейфлауэр; flower флауэр; power пауэр; sugar шугар; secret
    сикрет; garland гарленд; highland хайленд; island айленд; thunder сандер; beauty бьюти; true тру;
    new нью; view вью; two ту; one уан; euro евро; ecuador эквадор; kenya кения; holland голландия
    холланд; colombia колумбия; italy италия
"""


@cache
def russian_spellings() -> Mapping[str, tuple[str, ...]]:
    """How each Latin word of the table is written in Russian."""
    rows = (row.split() for row in _TABLE.split(";"))
    return {latin: tuple(dict.fromkeys(russian)) for latin, *russian in rows}


@cache
def latin_spellings() -> Mapping[str, frozenset[str]]:
    """The other way round."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for latin, spellings in russian_spellings().items():
        for russian in spellings:
            found[russian].add(latin)
    return {russian: frozenset(latin) for russian, latin in found.items()}
