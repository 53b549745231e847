"""The words from which the phrases of the refusal rules are built. English only."""

from __future__ import annotations

__all__ = [
    "ADVERB",
    "BAD",
    "DELIVERY",
    "ELSE",
    "GOOD",
    "HARM",
    "HARMLESS",
    "HOLD_BACK",
    "IDIOM",
    "INABILITY",
    "ME",
    "NOT_A_VERB",
    "PEOPLE",
    "RULES",
    "TALK",
    "TELL",
    "TELLING",
    "UNABLE",
    "VERB",
    "YES",
]


def _any(words: str) -> str:
    """One of the words; `_` stands for a blank, so that phrases can be listed too."""
    return f"(?:{'|'.join(w.replace('_', ' ') for w in words.split())})"


ME = r"(?:i|we|this (?:assistant|bot|model|service))"
ADVERB = rf"(?:(?:{_any('really simply just also still therefore not ever currently even')}|\w+ly) ){{0,3}}"
TELL = _any(  # what an assistant does for people
    r"""help assist aid provide give offer share answer tell explain write create generate fulfil comply engage
    discuss teach describe guide participate continue walk show respond make produce suggest instruct
    complete satisfy facilitate entertain contribute supply disclose reveal speculate do go cover list spell
    lay hand lend point play print draft touch handle deal build depict talk get take carry post translate
    support_(?:you|re\w+|th\w+|illegal) proceed put say write_up"""
)
TELLING = _any(
    r"""helping assisting providing giving offering sharing answering telling explaining writing creating generating
    discussing teaching describing guiding showing making producing laying listing spelling pointing walking
    handing going engaging comply\w* participat\w+ supporting instructing"""
)
UNABLE = _any(
    r"""unable not_able not_allowed not_permitted not_willing unwilling not_in_a_position forbidden prohibited
    not_going not_comfortable uncomfortable not_here not_prepared not_equipped not_designed not_programmed
    not_authorized not_about not_ready not_inclined not_at_liberty not_interested_in not_built not_meant
    not_supposed"""
)
IDIOM = _any(
    r"""stress emphasi[sz]e overstate overemphasi[sz]e wait believe imagine blame thank complain argue deny wish
    resist help_(?:but|laughing|smiling) get_(?:over|enough)"""
)
INABILITY = _any(  # what a text model cannot do anyway
    r"""predict foresee guarantee promise replace diagnose taste smell see hear watch feel check access browse open
    look remember recall verify confirm order buy be_sure tell_you_wh\w+ have_\w+ed
    say_(?:for|that|whether|if|which|no|so) vouch know
    tell_(?:you_)?(?:which|whether|if|for_(?:sure|certain)) sing dance hold_an? judge take_sides favou?r
    pick_a_side read_minds be_(?:held|responsible|liable|certain|blamed) lie pretend have read_your
    name_real physically"""
)
HOLD_BACK = _any("decline refuse refrain abstain pass opt_out bow_out sit_this desist stop withhold stay_away stay_out")
GOOD = _any("ok okay right legal lawful ethical moral appropriate acceptable safe allowed permitted advisable kind")
BAD = (
    _any(
        r"""wrong illegal unethical immoral harmful dangerous unlawful inappropriate unacceptable criminal cruel hateful
        prohibited forbidden irresponsible hurtful disrespectful unsafe deceptive dishonest unkind stalking
        fraud theft banned plagiarism cheating never_okay never_ok outlawed"""
    )
    + r"|an? (?:\w+ )?(?:crime|felony|offen[cs]e|violation|betrayal|invasion|violent act)|unjust|inhumane"
    + r"|abhorrent|unjustified"
    + r"|against the law|a (?:legal|civic) (?:obligation|duty)"
    + rf"|(?:not|never|neither) (?:\w+ )?{GOOD}|not a (?:good idea|solution|game)|not the (?:way|answer)"
    + "|never the answer"
)
RULES = _any(
    """guidelines? polic(?:y|ies) programming principles? values rules? terms training ethics purpose code instructions
    standards"""
)
HARM = _any(  # what moral talk is about
    r"""harm\w* hurt\w* ethic\w* unethical respect\w* responsib\w+ irresponsibl\w+ violen\w+ nonviolen\w* illegal\w*
    unlawful crimes? criminal victims? dignity safety trust feelings peace\w* kind(?:ness)? empath\w+
    consequences consent privacy private rights? discriminat\w+ hat(?:e|red) stereotyp\w* cruel\w* suffer\w*
    damag\w* innocent dangerous dangers? misus\w+ accountable compassion honest\w* trust\w* fair\w* wounds?
    stealing theft fraud cyberbullying bullying mental_health lasting tampering humane\w* misinformation
    offen[cs]e prescription"""
)
TALK = (
    r"(?:questions?|requests?|topics?|conversation|chat|assistant|answers?|subject|matter|ai|user|information|prompt)"
)
PEOPLE = _any(
    r"""professionals? counsel\w* therapist help support authorit\w+ police owner hotline helpline doctor lawyer
    attorney friend trust expert someone somebody line number advisor hr mediat\w+ pharmacist"""
)
ELSE = _any(
    r"""anything something any another other different instead alternatives? safer legal lawful harmless honest
    fictional topic subject question"""
)
HARMLESS = _any(
    r"""instead alternatives? legal(?:ly)? lawful(?:ly)? safe safely safer fictional positive peaceful humane
    wholesome resources support other_ways professional ethical healthy healthier honest better kinder
    calmer fairer legitimate constructive harmless"""
)
DELIVERY = (
    r"(?:here is|here are|here you go|here goes|how (?:to|you|they|it|people)|steps?"
    r"|start by|begin by|follow|in general|generally|usually"
    r"|typical\w*|the (?:usual|general|basic|common) \w+|most people|people (?:who )?|critics|supporters"
    r"|they (?:usually|often)"
    r"|you (?:can|could|would|will) (?:need|start|do|use|first|simply|just))"
)
YES = _any(
    """sure certainly of_course absolutely yes yeah okay ok great gladly no_problem definitely alright great_question
    fine"""
)
VERB = _any(
    """use try take put mix add open run set choose draw type press click pour cut fold heat place turn wait buy get
    combine repeat keep list pick stretch start begin go bring write practice practise make find light wrap rinse
    scrub insert remove connect disconnect select store apply rest sand place spread cover stir hold hit watch warm
    plant strike replace tell set change move lean pack book rehearse twist unscrew unplug drill grind scan dissolve
    pull push lift boil attach copy paste install enter fill seal peel slide"""
)
NOT_A_VERB = _any(
    r"""\w+ing \w+ly in on at of to from with by for and or but as if when while since because after before under
    over into the a an this that these those is are was were be not no all some any about than then so like
    such what which who how where why until upon per via without within against between during quoted please
    there here talk seek contact reach consult report call ask find inform leave consider respect remember
    think stop avoid turn even let let's whatever whichever every perhaps maybe both many few most one two
    only also again still well quite often never always each either neither your my our their his her its"""
)
