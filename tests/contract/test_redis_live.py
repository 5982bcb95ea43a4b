"""The live stores in Redis keep their contracts: on Valkey, Redis 6.2 and a cluster."""

from divan_core.testing.contracts.bus import BusContract
from divan_core.testing.contracts.bushistories import BusHistoriesContract
from divan_core.testing.contracts.courses import CourseContract
from divan_core.testing.contracts.journal import JournalContract
from divan_core.testing.contracts.limits import RateLimitsContract
from divan_core.testing.contracts.neighbourhood import NeighbourhoodContract
from divan_core.testing.contracts.notices import NoticesContract, PersonNoticesContract
from divan_core.testing.contracts.presence import PresenceContract
from divan_core.testing.contracts.signals import SignalsContract
from divan_core.testing.contracts.turnstile import TurnstileContract
from tests.contract.on_redis import OnRedis


class TestRedisPresence(OnRedis, PresenceContract):
    pass


class TestRedisCourses(OnRedis, CourseContract):
    pass


class TestRedisNeighbourhood(OnRedis, NeighbourhoodContract):
    pass


class TestRedisRateLimits(OnRedis, RateLimitsContract):
    pass


class TestRedisTurnstile(OnRedis, TurnstileContract):
    pass


class TestRedisSignals(OnRedis, SignalsContract):
    pass


class TestRedisJournal(OnRedis, JournalContract):
    pass


class TestRedisNotices(OnRedis, NoticesContract):
    pass


class TestRedisPersonNotices(OnRedis, PersonNoticesContract):
    pass


class TestRedisBus(OnRedis, BusContract):
    pass


class TestRedisBusHistories(OnRedis, BusHistoriesContract):
    pass
