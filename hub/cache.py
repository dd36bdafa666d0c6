"""The cache: the database, or Redis with the database in its place while Redis is away.

Rate limits and single-use marks are kept in it, so all processes share it. Nothing may fail, and no
limit may fall open, because Redis is away:

- Limits go on in the database. They begin anew there, so somebody who guesses gets each of them
  once more; if the database is away as well, nobody signs in.
- Marks of used codes are always in the database: none could be used a second time.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog
from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from hub.environment import env, parsed

log = structlog.get_logger(__name__)

IN_THE_DATABASE = "database"  # the name of this cache among CACHES
DATABASE_CACHE = {
    "BACKEND": "django.core.cache.backends.db.DatabaseCache",
    "LOCATION": "hub_cache",
    # A full cache drops counts: guessing at 300 accounts must not reset the limit of others.
    "OPTIONS": {"MAX_ENTRIES": 20_000},
}
ASK_AGAIN_AFTER = 5.0  # seconds without Redis after it failed, so that few requests wait for it
PATIENCE = 0.5  # seconds for Redis to answer
USED_CODE = "allauth.mfa.totp.used"  # how the marks of used codes begin


def cache_settings(url: str) -> dict[str, dict[str, Any]]:
    """Return CACHES for HUB_CACHE_URL; "" is the database. Raises ImproperlyConfigured."""
    if not url:
        return {"default": DATABASE_CACHE}
    redis = parsed("HUB_CACHE_URL", url, _redis_cache)
    return {"default": redis, IN_THE_DATABASE: DATABASE_CACHE}


def _redis_cache(url: str) -> dict[str, Any]:
    if not url.startswith(("redis://", "rediss://")):
        raise ValueError("it begins with redis:// or rediss://")
    cache: dict[str, Any] = env.cache_url_config(url, backend="hub.cache.RedisOrDatabase")
    return cache


class RedisOrDatabase(RedisCache):
    """Django's Redis cache, with the database in its place while Redis is away."""

    _away_until = 0.0  # of this process; each thread has its own instance

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._options: dict[str, Any] = {
            "socket_connect_timeout": PATIENCE,
            "socket_timeout": PATIENCE,
            "retry": Retry(NoBackoff(), 1),  # once, because a restarted server drops connections
            **params.get("OPTIONS", {}),
        }

    def answers(self) -> bool:
        """Return whether Redis can be used at this moment, whatever it did before."""
        try:
            self._cache.get_client(write=True).ping()
        except RedisError as error:
            log.warning("Redis is away; the database keeps limits and marks", error=str(error))
            return False
        return True

    def _ask(self, act: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Do this in Redis, or in the database while Redis is away."""
        if time.monotonic() >= RedisOrDatabase._away_until:
            try:
                return act(*args, **kwargs)
            except RedisError as error:
                RedisOrDatabase._away_until = time.monotonic() + ASK_AGAIN_AFTER
                log.warning("Redis is away; the database takes its place", error=str(error))
        return getattr(caches[IN_THE_DATABASE], act.__name__)(*args, **kwargs)

    def add(
        self, key: Any, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: Any = None
    ) -> bool:
        """Add a value under a new key. Return whether the key was new."""
        if str(key).startswith(USED_CODE):
            added: bool = caches[IN_THE_DATABASE].add(key, value, timeout, version)
        else:
            added = self._ask(super().add, key, value, timeout, version)
        return added

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        """Return the value of a key."""
        return self._ask(super().get, key, default, version)

    def set(
        self, key: Any, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: Any = None
    ) -> None:
        """Set the value of a key."""
        self._ask(super().set, key, value, timeout, version)

    def touch(self, key: Any, timeout: float | None = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        """Give a key more time. Return whether it is there."""
        there: bool = self._ask(super().touch, key, timeout, version)
        return there

    def delete(self, key: Any, version: Any = None) -> bool:
        """Delete a key. Return whether it was there."""
        there: bool = self._ask(super().delete, key, version)
        return there

    def get_many(self, keys: Iterable[Any], version: Any = None) -> dict[Any, Any]:
        """Return the values of these keys."""
        values: dict[Any, Any] = self._ask(super().get_many, keys, version)
        return values

    def has_key(self, key: Any, version: Any = None) -> bool:
        """Return whether a key is there."""
        there: bool = self._ask(super().has_key, key, version)
        return there

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        """Add to the number of a key, and return it."""
        number: int = self._ask(super().incr, key, delta, version)
        return number

    def set_many(
        self,
        data: Mapping[Any, Any],
        timeout: float | None = DEFAULT_TIMEOUT,
        version: Any = None,
    ) -> list[Any]:
        """Set the values of these keys."""
        failed: list[Any] = self._ask(super().set_many, data, timeout, version)
        return failed

    def delete_many(self, keys: Iterable[Any], version: Any = None) -> None:
        """Delete these keys."""
        self._ask(super().delete_many, keys, version)

    def clear(self) -> None:
        """Forget everything, in both places."""
        caches[IN_THE_DATABASE].clear()
        self._ask(super().clear)
