"""Words of replies that approve or deny.

The tables hold whole replies, in lower case and without punctuation. A reply that does not match one exactly
after `plain` means nothing: it is never searched for words that sound like consent. A word that only
acknowledges (understood, noted, 了解) approves nothing and is in neither table.
"""

# ruff: noqa: RUF001  # words of many alphabets

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# Variation selectors, skin tones, and the gender suffix of emoji.
_FACETS: Final = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]|\u200d[\u2640\u2642]")
_APOSTROPHES: Final = re.compile("['\u2018\u2019\u02bc]")
_HYPHEN: Final = re.compile(r"(?<=\w)[-\u2010\u2011](?=\w)")
# Without the question mark: "yes?" is a question.
_DROPPED: Final = re.compile(r"[.,;!¡。、，！；~]")


def plain(text: str) -> str:
    """Return a text without case, punctuation, hyphens, apostrophes and extra spaces."""
    import unicodedata  # noqa: PLC0415 - 0.3 MB that a bridge needs only once a person answers in words

    text = _FACETS.sub("", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(_DROPPED.sub(" ", _HYPHEN.sub(" ", _APOSTROPHES.sub("", text))).split())


class Phrases:
    """A table of whole replies, in the form of `plain`.

    Made with the first search. Stored as one string, searched in 20 us: a set of the same strings takes ten
    times the memory.
    """

    def __init__(self, *lines: str) -> None:
        self._lines = lines

    @cached_property
    def _text(self) -> str:
        phrases = (plain(phrase) for line in self._lines for phrase in line.split(", "))
        return "\n".join(("", *phrases, ""))

    def __contains__(self, phrase: str) -> bool:
        return f"\n{phrase}\n" in self._text

    def __iter__(self) -> Iterator[str]:
        return iter(self._text.split("\n")[1:-1])


APPROVALS: Final = Phrases(
    # English
    "yes, y, +1, yep, yeah, yup, yes please, yes sir, ok, okay, okey, okey dokey, sure, sure thing",
    "of course, approve, approved, i approve, accept, accepted, agree, agreed, i agree, allow",
    "allowed, permit, permitted, confirm, confirmed, grant, granted, go, go ahead, go for it, do it",
    "please do, proceed, please proceed, continue, carry on, run it, ship it, sounds good",
    "looks good, lgtm, fine, all right, alright, absolutely, certainly, definitely, by all means",
    "yes go ahead, yes do it, yes approve, yes approved, yes of course, yes sure, yes ok, ok go",
    "ok go ahead, ok do it, ok approved, ok yes, ok proceed, ok please proceed, sure go ahead",
    # German
    "ja, jawohl, jep, jo, ja bitte, ja gerne, ja klar, klar, gerne, na klar, natürlich, sicher",
    "okay ja, ja ok, einverstanden, genehmigt, genehmigen, erlaubt, erlauben, zustimmen, zugestimmt",
    "freigeben, freigegeben, bestätigt, bestätigen, annehmen, angenommen, mach, machs, mach es",
    "mach das, mach mal, ja mach, ja machs, ja mach das, ja mach es, los, leg los, weiter",
    "weitermachen, passt, geht klar",
    # French
    "oui, ouais, oui stp, oui sil te plaît, oui sil vous plaît, oui vas y, daccord, ok daccord",
    "vas y, allez y, bien sûr, oui bien sûr, approuver, approuvé, japprouve, accepter, accepté",
    "jaccepte, autoriser, autorisé, confirmer, confirmé, je confirme, validé, valider, je valide",
    "cest bon",
    # Spanish
    "sí, si, sí por favor, si por favor, sí claro, si claro, claro, claro que sí, vale, de acuerdo",
    "dale, adelante, sí adelante, si adelante, hazlo, sí hazlo, si hazlo, aprobar, aprobado",
    "apruebo, aceptar, aceptado, acepto, permitir, permitido, confirmar, confirmado, confirmo",
    "autorizado, autorizar, procede",
    # Italian
    "sì, sì grazie, si grazie, sì certo, si certo, certo, va bene, sì va bene, si va bene, daccordo",
    "vai, sì vai, si vai, vai pure, procedi, fallo, approva, approvato, approvo, accetta, accettato",
    "accetto, consenti, consentito, conferma, confermato, confermo, autorizza, autorizzato",
    # Portuguese
    "sim, sim por favor, sim claro, sim pode, pode, pode ser, pode ir, está bem, tá bom, tá bem",
    "tudo bem, beleza, em frente, vai em frente, segue, faz, faça, aprova, aprovo, aprovar, aceito",
    "aceitar, aceite, autorizo, confirma, prossiga, prosseguir, concordo, com certeza",
    # Dutch
    "ja graag, ja hoor, jazeker, zeker, natuurlijk, oké, oke, akkoord, mee eens, goedkeuren",
    "goedgekeurd, toestaan, toegestaan, bevestigen, bevestigd, accepteren, geaccepteerd, doe maar",
    "ja doe maar, ga je gang, ga door, prima, is goed, goed",
    # Scandinavian and Finnish
    "ja tack, ja takk, japp, jepp, visst, självklart, godkänn, godkänd, godkänt, tillåt, kör",
    "godkend, godkendt, godkjenn, godkjent, tillad, tillat, selvfølgelig, kyllä, joo, hyväksy",
    "hyväksytty, selvä",
    # Polish, Czech, Slovak
    "tak, tak proszę, jasne, oczywiście, zgoda, zgadzam się, pewnie, dobrze, dobra, zatwierdź",
    "zatwierdzam, zatwierdzone, akceptuję, akceptuj, zezwól, zezwalam, potwierdzam, potwierdź",
    "dawaj, śmiało, działaj, ano, jo ano, schválit, schváleno, schvaluji, souhlasím, povolit",
    "potvrdit, jasně, dobře, pokračuj, áno, schváliť, schválené, súhlasím, povoliť, potvrdiť",
    # Russian, Ukrainian
    "да, ага, угу, да пожалуйста, да давай, да конечно, конечно, давай, давайте, ок, окей, хорошо",
    "ладно, согласен, согласна, согласовано, одобряю, одобрено, одобрить, разрешаю, разрешить",
    "разрешено, подтверждаю, подтвердить, подтверждено, можно, делай, делайте, поехали, вперед",
    "вперёд, принять, так, авжеж, звісно, добре, гаразд, згоден, згодна, погоджуюсь, схвалюю",
    "схвалено, схвалити, дозволяю, дозволити, дозволено, підтверджую, підтвердити, роби, робіть",
    "прийняти",
    # Turkish
    "evet, evet lütfen, tamam, tamamdır, olur, peki, onayla, onaylıyorum, onaylandı, onay, kabul",
    "kabul ediyorum, izin ver, izin veriyorum, devam, devam et, yap, tabii, tabi, elbette",
    # Japanese
    "はい, ええ, うん, はいお願いします, お願いします, オーケー, オッケー, いいよ, 承認, 承認します",
    "許可, 許可します, 同意, 同意します, 賛成, 実行, 実行して, 進めて, 進めてください, どうぞ",
    # Chinese
    "是, 是的, 好, 好的, 好吧, 好啊, 行, 可以, 同意, 我同意, 批准, 允许, 允許, 许可, 確認, 确认",
    "没问题, 沒問題, 继续, 繼續, 执行, 執行, 通过, 通過, 嗯",
    # Korean
    "네, 예, 응, 넵, 그래, 그래요, 좋아, 좋아요, 좋습니다, 승인, 승인합니다, 허용, 허가, 동의",
    "동의합니다, 진행, 진행해, 진행하세요, 진행해주세요, 오케이, 계속",
    # Others
    "हाँ, हां, ठीक है, نعم, أجل, موافق, أوافق, כן, בסדר, بله, ใช่, ตกลง, được, đồng ý, vâng, iya",
    "setuju, igen, rendben, jóváhagyom, da, de acord, aprobă, ναι, εντάξει, εγκρίνω, одобрявам",
    "može, odobravam",
)
DENIALS: Final = Phrases(
    # English
    "no, n, -1, nope, nah, nay, no no, no thanks, no thank you, no way, no please, please no",
    "please dont, deny, denied, i deny, reject, rejected, refuse, refused, decline, declined",
    "cancel, cancelled, canceled, abort, aborted, stop, stop it, dont, dont do it, dont do that",
    "do not, do not do it, never, never mind, nevermind, forbid, forbidden, disallow, disapprove",
    "disapproved, disagree, i disagree, no go, no dont, no do not, no stop, absolutely not",
    "certainly not, of course not, veto",
    # German
    "nein, nee, nö, ne, nein danke, auf keinen fall, nicht, nicht machen, ablehnen, abgelehnt",
    "verweigern, verweigert, verboten, abbrechen, abbruch, stopp, halt, niemals, lass es, lass das",
    "nein lass das",
    # French
    "non, nan, non merci, refuser, refusé, je refuse, rejeter, rejeté, interdit, annuler, annule",
    "annulé, arrête, arrêter, jamais, surtout pas, pas question",
    # Spanish
    "no gracias, no lo hagas, negar, negado, rechazar, rechazado, rechazo, denegar, denegado",
    "cancelar, cancela, cancelado, para, nunca, ni hablar, de ninguna manera",
    # Italian
    "no grazie, nega, negato, rifiuta, rifiutato, rifiuto, annulla, annullato, ferma, fermati, mai",
    "assolutamente no, non farlo",
    # Portuguese
    "não, nao, não obrigado, não obrigada, não faça, negue, rejeitar, rejeitado, rejeito, recusar",
    "recusado, recuso, cancele, pare, nunca, de jeito nenhum",
    # Dutch
    "nee dank je, nee bedankt, neen, weigeren, geweigerd, afwijzen, afgewezen, afgekeurd, annuleren",
    "annuleer, niet doen, nooit",
    # Scandinavian and Finnish
    "nej, nei, nej tack, nej tak, nei takk, avslå, avvisa, avvis, afvis, neka, avbryt, annuller",
    "aldrig, aldri, ei, ei kiitos, hylkää, hylätty, peruuta, älä",
    # Polish, Czech, Slovak
    "nie, nie dziękuję, odrzuć, odrzucam, odrzucone, odmawiam, odmów, anuluj, przerwij, nigdy",
    "nie rób tego, ne děkuji, zamítnout, zamítnuto, zamítám, odmítnout, odmítám, zrušit, nikdy",
    "zamietnuť, odmietnuť, zrušiť",
    # Russian, Ukrainian
    "нет, не, неа, нет спасибо, не надо, не нужно, не делай, не делайте, нельзя, отказ, отказать",
    "отказано, отклонить, отклонено, отклоняю, запретить, запрещаю, запрещено, отмена, отменить",
    "отмени, стоп, стой, никогда, ні, ні дякую, не треба, не роби, не робіть, відмова, відмовити",
    "відмовлено, відхилити, відхилено, відхиляю, заборонити, забороняю, заборонено, скасувати",
    "скасуй, ніколи",
    # Turkish
    "hayır, hayir, yok, olmaz, istemiyorum, reddet, reddediyorum, reddedildi, iptal, iptal et, dur",
    "yapma, izin verme, asla",
    # Japanese
    "いいえ, いや, いえ, ううん, だめ, ダメ, 駄目, だめです, 拒否, 拒否します, 却下, 却下します",
    "不許可, 中止, キャンセル, やめて, やめてください, ノー, 反対",
    # Chinese
    "不, 不是, 不行, 不可以, 不要, 不同意, 我不同意, 不批准, 不允许, 不允許, 不许, 不用, 拒绝, 拒絕",
    "否, 否决, 否決, 取消, 停止, 停, 别, 別, 驳回, 駁回",
    # Korean
    "아니, 아니오, 아니요, 아뇨, 안돼, 안 돼, 안됩니다, 안 됩니다, 안돼요, 거부, 거부합니다, 거절",
    "거절합니다, 반려, 취소, 중지, 하지마, 하지 마, 하지 마세요",
    # Others
    "नहीं, لا, كلا, مرفوض, أرفض, לא, نه, ไม่, không, từ chối, tidak, tolak, nem, elutasítom",
    "respinge, όχι, απόρριψη, откажи, odbij, odbijam",
)
# Emoji count with any skin tone, repeated, alone or with words of the same kind.
APPROVING_EMOJI: Final = frozenset("👍👌✅✔☑🆗🙆")
DENYING_EMOJI: Final = frozenset("👎❌✖❎🚫⛔🛑🙅")
# Two options, one from each table, mean yes and no: only then do other words of the tables choose one. For
# "Stop the server?" with the options Stop and Continue, the meaning of a yes is unclear.
YES_LABELS: Final = Phrases(
    "yes, y, ok, okay, approve, accept, allow, agree, confirm, permit, ja, genehmigen, erlauben",
    "oui, approuver, accepter, autoriser, sí, si, aprobar, aceptar, permitir, sì, approva, accetta",
    "consenti, sim, aprovar, aceitar, goedkeuren, toestaan, tak, zatwierdź, zezwól, да, одобрить",
    "разрешить, так, схвалити, дозволити, evet, onayla, izin ver, はい, 承認, 許可, 是, 同意, 批准",
    "允许, 允許, 네, 예, 승인, 허용",
)
NO_LABELS: Final = Phrases(
    "no, n, deny, reject, decline, refuse, disagree, disallow, nein, ablehnen, verweigern, non",
    "refuser, rejeter, rechazar, denegar, nega, rifiuta, não, nao, recusar, rejeitar, negar, nee",
    "weigeren, afwijzen, nie, odrzuć, odmów, нет, отклонить, отказать, запретить, ні, відхилити",
    "відмовити, заборонити, hayır, reddet, いいえ, 拒否, 却下, 不, 否, 拒绝, 拒絕, 아니요, 아니오",
    "거부, 거절",
)


# Separates a denial from its comment. A space alone does not: "no problem" denies nothing.
_SEPARATOR: Final = re.compile(r"[.,;:!。、，！；：]+|\s+[-\u2013\u2014]+\s+|\n+")
_LEADING_EMOJI: Final = re.compile(f"[{''.join(DENYING_EMOJI)}]+")


class YesOrNo(NamedTuple):
    """The meaning of a reply: whether it approves, and whether a comment follows."""

    approves: bool
    commented: bool = False


def approves(text: str) -> bool | None:
    """Return whether a whole text approves (True) or denies (False); None when it is unknown."""
    text = plain(text)
    emoji = {char for char in text if char in APPROVING_EMOJI or char in DENYING_EMOJI}
    kinds = {char in APPROVING_EMOJI for char in emoji}
    words = " ".join("".join(" " if char in emoji else char for char in text).split())
    if words in APPROVALS:
        kinds.add(True)
    elif words in DENIALS:
        kinds.add(False)
    elif words:
        return None
    return kinds.pop() if len(kinds) == 1 else None


def yes_or_no(text: str) -> YesOrNo | None:
    """Return the meaning of a reply to a yes-or-no question, or None when it is unknown.

    A comment may follow a denial, after punctuation, a line end or an emoji ("no, use the staging db"), but
    never an approval: "yes, but ..." is not one. If the comment itself approves, the meaning is unknown.
    """
    approved = approves(text)
    if approved is not None:
        return YesOrNo(approved)
    found = commented(text)
    if found is None or approves(found[0]) is not False:
        return None
    pieces = _SEPARATOR.split(found[1])
    return None if any(approves(piece) for piece in pieces) else YesOrNo(approves=False, commented=True)


def commented(text: str) -> tuple[str, str] | None:
    """Split a text into the part before a comment, and the comment; None when there is no comment."""
    text = _FACETS.sub("", text).strip()
    emoji = _LEADING_EMOJI.match(text)
    if emoji is not None:
        return emoji[0], text[emoji.end() :]
    head, *rest = _SEPARATOR.split(text, maxsplit=1)
    return (head, rest[0]) if rest and head.strip() and rest[0].strip() else None


def is_yes_or_no(options: tuple[str, ...]) -> bool:
    """Return whether there are two options, one named as a yes and one as a no."""
    names = [plain(option) for option in options]
    return len(names) == 2 and any(
        one in YES_LABELS and other in NO_LABELS for one, other in (names, names[::-1])
    )
