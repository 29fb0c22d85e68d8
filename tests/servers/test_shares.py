"""Conversations shared by a link: what it opens, for whom, and until when."""

import datetime

import pytest
from sqlalchemy import update

from core.errors import StrategiewijzerError
from tests.support.databases import is_kept
from tests.support.people import answer, talk
from userdata.conversations import CONVERSATIONS, Conversations, Exchange, now
from userdata.database import Database
from userdata.shares import MAX_SHARES, SHARES, Shares


@pytest.fixture
def conversations(kept_in: Database) -> Conversations:
    """The conversations of one user."""
    return Conversations("an", kept_in, days=90)


@pytest.fixture
def mine(kept_in: Database) -> Shares:
    """The links of the same user."""
    return Shares("an", kept_in, days=90)


@pytest.fixture
def theirs(kept_in: Database) -> Shares:
    """The links of somebody else."""
    return Shares("bo", kept_in, days=90)


def shared(shares: Shares, conversation: str, days: int = 7) -> str:
    token = shares.share(conversation, days)
    assert token is not None
    return token


def ended(kept_in: Database) -> None:
    """Lets all links expire."""
    kept_in.change("Test", update(SHARES).values(expires=now().timestamp() - 1))


def test_a_link_shows_the_answers_as_they_were_and_nothing_later(
    conversations: Conversations, mine: Shares, theirs: Shares
) -> None:
    talked = talk("Wat is EMPACT?").with_exchange(Exchange(question="En?", problem="/srv is full"))
    conversations.put(talked)
    token = shared(mine, talked.id)
    later = Exchange(question="Iets vertrouwelijks", answer=answer())
    conversations.put(talked.with_exchange(later), later)
    found = theirs.find(token)
    assert found is not None
    assert [one.question for one in found.snapshot.exchanges] == ["Wat is EMPACT?"]
    assert found.snapshot.exchanges[0].answer == answer()
    assert (found.user, found.title, found.conversation) == ("an", "Wat is EMPACT?", talked.id)
    assert now() - found.shared < datetime.timedelta(minutes=1)
    assert found.expires == found.shared + datetime.timedelta(days=7)


def test_the_database_has_no_token(
    conversations: Conversations, mine: Shares, kept_in: Database
) -> None:
    conversations.put(talked := talk("Wat is EMPACT?"))
    token = shared(mine, talked.id)
    assert len(token) >= 43  # 256 random bits
    assert not is_kept(token, kept_in)
    assert token not in str(mine.listed())


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "\ud83d\0", "x" * 100_000])
def test_an_unknown_token_opens_nothing(
    conversations: Conversations, mine: Shares, token: str
) -> None:
    conversations.put(talked := talk("Wat is EMPACT?"))
    shared(mine, talked.id)
    assert mine.find(token) is None
    (listed,) = mine.listed()
    assert mine.find(listed.id) is None  # the hash is no token


def test_a_link_ends_when_its_time_is_over(
    conversations: Conversations, mine: Shares, kept_in: Database
) -> None:
    conversations.put(talked := talk("Wat is EMPACT?"))
    token = shared(mine, talked.id)
    ended(kept_in)
    assert mine.find(token) is None
    assert mine.listed() == mine.all() == ()
    mine.forget_old()
    assert _rows(kept_in) == 0


def _rows(kept_in: Database) -> int:
    return len(kept_in.rows("Test", SHARES.select()))


def test_only_its_owner_lists_and_revokes_a_link(
    conversations: Conversations, mine: Shares, theirs: Shares
) -> None:
    conversations.put(talked := talk("Wat is EMPACT?", name="Voor de raad"))
    first, second = shared(mine, talked.id), shared(mine, talked.id, 30)
    assert [listed.title for listed in mine.listed()] == ["Voor de raad"] * 2
    assert theirs.listed() == theirs.all() == ()
    newest = mine.listed()[0]
    theirs.revoke(newest.id)
    assert theirs.find(second) is not None
    mine.revoke(newest.id)
    assert theirs.find(second) is None
    assert theirs.find(first) is not None
    assert len(mine.listed()) == 1


def test_nobody_shares_the_conversation_of_another(
    conversations: Conversations, theirs: Shares
) -> None:
    conversations.put(talked := talk("Wat is EMPACT?"))
    with pytest.raises(StrategiewijzerError, match="no answer that can be shared"):
        theirs.share(talked.id, 7)
    assert theirs.listed() == ()


def test_what_has_no_answer_is_not_shared(conversations: Conversations, mine: Shares) -> None:
    talked = talk().with_exchange(Exchange(question="Wat is EMPACT?", stopped=True))
    conversations.put(talked)
    with pytest.raises(StrategiewijzerError, match="Ask a question first"):
        mine.share(talked.id, 7)


def test_a_link_goes_with_its_conversation(
    conversations: Conversations, mine: Shares, kept_in: Database
) -> None:
    for forget in (
        lambda id: conversations.delete(id),
        lambda id: conversations.delete_all(),
        lambda id: (age(kept_in), conversations.forget_old()),
    ):
        conversations.put(talked := talk("Wat is EMPACT?"))
        token = shared(mine, talked.id)
        forget(talked.id)
        assert mine.find(token) is None
        assert _rows(kept_in) == 0


def age(kept_in: Database) -> None:
    """Makes all conversations older than they are kept."""
    old = (now() - datetime.timedelta(days=91)).timestamp()
    kept_in.change("Test", update(CONVERSATIONS).values(changed=old))


def test_a_link_lasts_no_longer_than_its_conversation(
    conversations: Conversations, mine: Shares, kept_in: Database
) -> None:
    conversations.put(talked := talk("Wat is EMPACT?"))
    changed = (now() - datetime.timedelta(days=80)).timestamp()
    kept_in.change("Test", update(CONVERSATIONS).values(changed=changed))
    token = shared(mine, talked.id, 90)
    (listed,) = mine.listed()
    assert listed.expires.timestamp() == pytest.approx(changed + 90 * 86400)
    age(kept_in)  # and the conversation is past its time, but not deleted yet
    assert mine.find(token) is None
    assert mine.listed() == ()


def test_somebody_has_so_many_links_at_most(
    conversations: Conversations, mine: Shares, theirs: Shares, kept_in: Database
) -> None:
    conversations.put(talked := talk("Wat is EMPACT?"))
    for _ in range(MAX_SHARES):
        shared(mine, talked.id)
    assert mine.share(talked.id, 7) is None
    Conversations("bo", kept_in, days=90).put(other := talk("Wat is SEESAC?"))
    shared(theirs, other.id)
    ended(kept_in)
    shared(mine, talked.id)  # those that have ended do not count, and go
    assert _rows(kept_in) == 1


def test_a_nul_in_a_question_can_be_shared(conversations: Conversations, mine: Shares) -> None:
    conversations.put(talked := talk("Wat \0 is dat?"))
    found = mine.find(shared(mine, talked.id))
    assert found is not None
    assert found.title == "Wat  is dat?"
    assert found.snapshot.exchanges[0].question == "Wat \0 is dat?"
