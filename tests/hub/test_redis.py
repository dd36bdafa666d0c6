"""HUB_CACHE_URL=redis://…: sign-in, limits and codes work with Redis, and while it is away.

With a real server, killed in mid-run. `.ci/run` installs redis-server, so there nothing is skipped.
"""

import shutil
import time

import pytest
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import Client
from redis import Redis

from hub import cache as hub_cache
from hub.cache import IN_THE_DATABASE, RedisOrDatabase, cache_settings
from hub.limits import ACCOUNT_RATE_LIMITS
from tests.attacks.test_locking_out import HOME, MANY, guess, sign_in
from tests.machine import private_redis

needs_redis = pytest.mark.skipif(not shutil.which("redis-server"), reason="needs redis-server")


@pytest.fixture(scope="module")
def server():
    with private_redis() as redis:
        yield redis


@pytest.fixture
def redis(server, db, settings, monkeypatch):
    """A running, empty Redis, and a hub that uses it."""
    server.kill()
    server.start()
    call_command("createcachetable", hub_cache.DATABASE_CACHE["LOCATION"], verbosity=0)
    monkeypatch.setattr(RedisOrDatabase, "_away_until", 0.0)
    monkeypatch.setattr(hub_cache, "ASK_AGAIN_AFTER", 0.5)
    settings.CACHES = cache_settings(server.url)
    settings.ACCOUNT_RATE_LIMITS = ACCOUNT_RATE_LIMITS
    assert type(caches["default"]) is RedisOrDatabase
    yield server
    caches["default"].clear()


def readiness():
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()["status"], answer.json()["parts"]["cache"]


@needs_redis
def test_sign_in_and_limits_work_with_redis(redis, bob):
    assert sign_in(Client(), bob) == "in"
    assert guess(bob, 6) == ["wrong"] * 5 + ["refused"]
    assert any(b"stranger_guesses" in key for key in Redis.from_url(redis.url).scan_iter())
    assert readiness() == (200, "ok", "ok")


@needs_redis
def test_sign_in_works_while_redis_is_away_and_says_so(redis, bob):
    assert sign_in(Client(), bob) == "in"

    redis.kill()

    assert sign_in(Client(), bob) == "in"
    assert readiness() == (200, "degraded", "degraded")


@needs_redis
def test_a_session_outlives_redis(redis, bob):
    client = Client()
    sign_in(client, bob)

    redis.kill()

    assert client.get("/profile/").status_code == 200


@needs_redis
def test_guesses_stay_limited_while_redis_is_away(redis, bob):
    """Each limit begins once more in the database, and then holds."""
    guess(bob, 6)

    redis.kill()

    assert guess(bob, 6) == ["wrong"] * 5 + ["refused"]
    assert guess(bob, 80, MANY[1:]).count("wrong") == 55
    assert sign_in(Client(), bob, source=HOME) == "refused"


@needs_redis
def test_redis_that_comes_back_is_used_again(redis, bob):
    redis.kill()
    guess(bob, 6)
    redis.start()
    time.sleep(0.6)

    assert guess(bob, 6) == ["wrong"] * 5 + ["refused"]
    assert Redis.from_url(redis.url).dbsize()
    assert readiness() == (200, "ok", "ok")


@needs_redis
def test_a_restart_in_between_is_not_noticed(redis, bob):
    """The pool's connections are dead by then."""
    sign_in(Client(), bob)
    redis.kill()
    redis.start()

    assert sign_in(Client(), bob) == "in"
    assert RedisOrDatabase._away_until == 0


@needs_redis
def test_a_code_is_used_once_though_redis_goes_or_forgets(redis, bob):
    codes = totp.TOTP.activate(bob, totp.generate_totp_secret())
    secret = totp.decrypt(codes.instance.data["secret"])
    counter = int(time.time()) // mfa_settings.TOTP_PERIOD
    code = totp.format_hotp_value(totp.hotp_value(secret, counter))
    assert codes.validate_code(code)

    Redis.from_url(redis.url).flushall()
    assert not codes.validate_code(code)
    redis.kill()
    assert not codes.validate_code(code)


@needs_redis
def test_a_full_or_read_only_redis_counts_as_away(redis, bob):
    Redis.from_url(redis.url).config_set("maxmemory", "1")
    Redis.from_url(redis.url).config_set("maxmemory-policy", "noeviction")

    assert sign_in(Client(), bob) == "in"
    assert guess(bob, 6)[-1] == "refused"


@needs_redis
def test_a_silent_redis_is_not_waited_for(redis, bob):
    """The server is stopped (SIGSTOP): it accepts connections and says nothing."""
    sign_in(Client(), bob)
    redis.pause()

    begun = time.monotonic()
    assert sign_in(Client(), bob) == "in"
    assert time.monotonic() - begun < 5


@needs_redis
def test_every_act_of_a_cache_works_in_both_places(redis):
    cache = caches["default"]
    for kill in (False, True):
        if kill:
            redis.kill()
        assert cache.add("a", 1) and not cache.add("a", 2)
        assert cache.get("a") == 1 and cache.has_key("a") and "a" in cache
        assert cache.incr("a", 4) == 5 and cache.decr("a") == 4
        assert cache.touch("a", 60) and not cache.touch("none")
        cache.set("b", [1.5], 60)
        assert cache.set_many({"c": "x", "d": None}) == []
        assert cache.get_many(["b", "c", "e"]) == {"b": [1.5], "c": "x"}
        assert cache.get_or_set("f", lambda: "made", 60) == "made" == cache.get("f")
        assert cache.delete("f") and not cache.delete("f")
        cache.delete_many(["b", "c"])
        assert cache.get("b") is None
        cache.clear()
        assert cache.get("a") is None


def test_the_database_alone_is_ready(db, settings):
    call_command("createcachetable", hub_cache.DATABASE_CACHE["LOCATION"], verbosity=0)
    settings.CACHES = cache_settings("")

    assert readiness() == (200, "ok", "ok")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", ""])
def test_without_the_cache_table_the_hub_is_not_ready(url, db, settings):
    """`manage.py createcachetable` was forgotten: nobody could sign in."""
    settings.CACHES = cache_settings(url)

    assert readiness() == (503, "unavailable", "unavailable")


@pytest.mark.parametrize(
    "url", ["memcache://host:1", "dummycache://", "locmemcache://", "redis", "x"]
)
def test_another_cache_is_refused_at_the_start(url):
    """Their libraries are not installed, or processes would not share limits."""
    with pytest.raises(ImproperlyConfigured, match="HUB_CACHE_URL is not understood"):
        cache_settings(url)


def test_a_redis_url_keeps_its_password_database_and_tls():
    chosen = cache_settings("rediss://hub:s3cret@cache.example:6380/3")

    assert chosen["default"]["LOCATION"] == "rediss://hub:s3cret@cache.example:6380/3"
    assert chosen[IN_THE_DATABASE] == hub_cache.DATABASE_CACHE
