"""Who changed after a position in a journal."""

from uuid import UUID

from divan_core.kernel.ids import UserId
from divan_core.kernel.news import MOST_AT_ONCE, REMEMBERED, RecentNews

ANA, BEN, EVE = (UserId(UUID(int=number)) for number in (1, 2, 3))


def those(*people: UserId) -> frozenset[UserId]:
    return frozenset(people)


def test_what_came_after_a_position_is_known() -> None:
    news = RecentNews()
    assert news.since(b"") is None
    news.heard(b"1", None)
    assert news.since(b"1") == those()
    news.heard(b"2", {ANA})
    news.heard(b"3", {BEN, EVE})
    assert [news.since(one) for one in (b"3", b"2", b"1", b"")] == [
        those(),
        those(BEN, EVE),
        those(ANA, BEN, EVE),
        None,
    ]


def test_an_answer_that_was_overtaken_takes_nothing_away() -> None:
    news = RecentNews()
    news.heard(b"1", None)
    news.heard(b"3", {ANA, BEN})
    news.heard(b"2", {ANA})
    news.heard(b"3", {BEN})
    assert news.since(b"3") == those(ANA, BEN)
    assert news.since(b"2") == those(BEN)


def test_old_news_and_news_of_many_are_news_of_everybody() -> None:
    news = RecentNews()
    news.heard(b"x", None)
    for number in range(REMEMBERED):
        news.heard(b"%d" % number, {ANA})
    assert news.since(b"x") is None
    assert news.since(b"0") == those(ANA)
    news.heard(b"y", {UserId(UUID(int=number)) for number in range(MOST_AT_ONCE + 1)})
    assert news.since(b"0") is None
    assert news.since(b"y") == those()
