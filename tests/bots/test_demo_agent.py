"""The demo agent against a stub of the hub's API."""

import threading
from collections.abc import Iterator

import pytest

from bots.demo.agent import MOST_PENDING, MOST_PENDING_PER_CHAT, DemoAgent
from bots.demo.hub import Hub, HubAwayError, KeyRefusedError
from tests.bots.hub_stub import CHAT, KEY, HubStub, row

PRICE = "Почём сегодня тестовая роза?"


@pytest.fixture
def stub() -> Iterator[HubStub]:
    with HubStub() as running:
        yield running


@pytest.fixture
def hub(stub: HubStub) -> Iterator[Hub]:
    client = Hub(url=stub.url, key=KEY)
    yield client
    client.close()


@pytest.fixture
def agent(hub: Hub) -> DemoAgent:
    return DemoAgent(hub)


class Waits:
    """Notes how long the agent waits, and stops it after so many times."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.seconds: list[float | None] = []

    def wait(self, timeout: float | None = None, /) -> bool:
        self.seconds.append(timeout)
        return len(self.seconds) >= self.count


def test_a_question_gets_a_proposal(stub: HubStub, agent: DemoAgent) -> None:
    stub.messages = [row(7, PRICE)]
    assert agent.step() == 1
    ((key, draft),) = stub.drafts.items()
    assert key == "demo-agent-message-7"
    assert (draft["chat_id"], draft["reply_to_message_id"]) == (CHAT, 10_007)
    assert "прайс" in draft["text"] or "цену" in draft["text"]
    assert "цене" in draft["context"]


def test_it_reads_clients_only(stub: HubStub, agent: DemoAgent) -> None:
    agent.step()
    queries = [query for path, query in stub.requests if path == "/api/v1/messages"]
    assert all(query["clients_only"] == ["true"] for query in queries)


def test_what_comes_later_is_found_by_the_feed(stub: HubStub, agent: DemoAgent) -> None:
    stub.messages = [row(1, "Доброе утро!", intent="other")]
    assert agent.step() == 0
    stub.messages.append(row(2, PRICE))
    assert agent.step() == 1
    assert agent.step() == 0
    cursors = [query["after"][0] for _, query in stub.requests if "after" in query]
    assert cursors == ["latest", "1", "2"]


def test_a_message_is_answered_once_however_often_it_comes(stub: HubStub, agent: DemoAgent) -> None:
    stub.messages = [row(1, PRICE)]
    agent.step()
    stub.messages.append(row(1, f"{PRICE} И тюльпаны?"))
    assert agent.step() == 0
    assert len(stub.proposed) == 1


def test_another_start_proposes_nothing_twice(stub: HubStub, hub: Hub) -> None:
    stub.messages = [row(1, PRICE)]
    DemoAgent(hub).step()
    before = dict(stub.drafts)
    DemoAgent(hub).step()
    assert stub.drafts == before


def test_a_message_edited_between_two_starts_is_left_alone(stub: HubStub, hub: Hub) -> None:
    stub.messages = [row(1, PRICE)]
    DemoAgent(hub).step()
    stub.messages = [row(1, "Опять мятые бутоны", intent="complaint")]
    assert DemoAgent(hub).step() == 0
    assert len(stub.proposed) == 1


def test_a_message_understood_later_is_answered_then(stub: HubStub, agent: DemoAgent) -> None:
    stub.messages = [row(1, PRICE, intent=None)]
    assert agent.step() == 0
    stub.messages.append(row(1, PRICE))
    assert agent.step() == 1


def test_of_several_messages_a_chats_last_is_answered(stub: HubStub, agent: DemoAgent) -> None:
    stub.messages = [row(1, PRICE), row(2, "А тюльпаны есть?"), row(3, "🙂", intent="other")]
    assert agent.step() == 1
    assert list(stub.drafts) == ["demo-agent-message-2"]


def test_a_full_queue_gets_nothing_more(stub: HubStub, agent: DemoAgent) -> None:
    stub.pending = [{"chat_id": number} for number in range(MOST_PENDING)]
    stub.messages = [row(1, PRICE)]
    assert agent.step() == 0
    assert stub.proposed == []


def test_a_chat_gets_only_so_many_drafts(stub: HubStub, agent: DemoAgent) -> None:
    stub.pending = [{"chat_id": CHAT}] * MOST_PENDING_PER_CHAT
    stub.messages = [row(1, PRICE), row(2, PRICE, chat_id=-7)]
    assert agent.step() == 1
    assert [draft["chat_id"] for draft in stub.proposed] == [-7]


def test_a_hub_without_a_feed_is_read_by_its_newest_page(stub: HubStub, agent: DemoAgent) -> None:
    stub.has_feed = False
    stub.messages = [row(1, PRICE)]
    assert agent.step() == 1
    stub.messages.append(row(2, PRICE, chat_id=-7))
    assert agent.step() == 1
    assert list(stub.drafts) == ["demo-agent-message-1", "demo-agent-message-2"]


def test_a_cursor_the_hub_forgot_begins_anew(stub: HubStub, agent: DemoAgent) -> None:
    agent.step()
    stub.messages = [row(1, PRICE)]
    stub.failures = [(400, {})]
    with pytest.raises(HubAwayError):
        agent.step()
    assert agent.step() == 1


def test_a_proposal_cut_short_is_made_later_and_once(stub: HubStub, agent: DemoAgent) -> None:
    agent.step()
    stub.messages = [row(1, PRICE), row(2, PRICE, chat_id=-7)]
    stub.failures = [(503, {})]
    with pytest.raises(HubAwayError):
        agent.step()
    assert agent.step() == 2
    assert list(stub.drafts) == ["demo-agent-message-1", "demo-agent-message-2"]


def test_a_hub_that_is_away_is_asked_less_and_less_often(stub: HubStub, agent: DemoAgent) -> None:
    stub.failures = [(502, {})] * 7 + [(429, {"Retry-After": "11"})]
    waits = Waits(9)
    agent.run(stop=waits, interval=5)
    assert waits.seconds == [1, 2, 4, 8, 16, 30, 30, 11, 5]


def test_a_hub_that_is_not_there_is_only_away() -> None:
    with HubStub() as gone:
        url = gone.url
    hub = Hub(url=url, key=KEY)
    with pytest.raises(HubAwayError) as away:
        DemoAgent(hub).step()
    hub.close()
    assert KEY not in str(away.value)


def test_a_refused_key_ends_the_run(stub: HubStub, agent: DemoAgent) -> None:
    stub.key = "cvh_another_key_of_the_stub"
    waits = Waits(5)
    with pytest.raises(KeyRefusedError, match="401"):
        agent.run(stop=waits, interval=5)
    assert waits.seconds == []


def test_it_goes_on_until_it_is_stopped(stub: HubStub, agent: DemoAgent) -> None:
    stop = threading.Event()
    running = threading.Thread(target=lambda: agent.run(stop=stop, interval=0.01))
    running.start()
    stub.messages.append(row(1, PRICE))
    waiting = threading.Event()
    while not stub.drafts and running.is_alive():
        waiting.wait(0.01)
    stop.set()
    running.join(timeout=10)
    assert not running.is_alive()
    assert len(stub.proposed) == 1
