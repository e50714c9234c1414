"""What the tests about the code walk over."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

from apps.core.models import OrganizationOwned

BASE = Path(settings.BASE_DIR)
APPS = [name.removeprefix("apps.") for name in settings.APPS]


def own_models() -> list[type[Model]]:
    return [model for name in APPS for model in apps.get_app_config(name).get_models(include_auto_created=True)]


def tenant_models() -> list[type[OrganizationOwned]]:
    return [model for model in own_models() if issubclass(model, OrganizationOwned)]


def modules(package: str) -> Iterator[ModuleType]:
    """A module, or a package with everything below it."""
    try:
        module = importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        return
    yield module
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"{package}."):
        yield importlib.import_module(found.name)


def services() -> dict[str, Callable[..., Any]]:
    """Every public function of the services that takes an actor, by its dotted name."""
    return {
        f"{module.__name__}.{name}": function
        for app in APPS
        for module in modules(f"apps.{app}.services")
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
        and "actor" in inspect.signature(function).parameters
    }


def sources(*suffixes: str) -> Iterator[tuple[Path, str]]:
    """Our own files outside of migrations, with their text."""
    for folder in ("apps", "stockcheck", "templates"):
        for path in sorted((BASE / folder).rglob("*")):
            if path.suffix in suffixes and "migrations" not in path.parts:
                yield path.relative_to(BASE), path.read_text(encoding="utf-8")


def quoted(pattern: str) -> set[tuple[str, str]]:
    """(file, text) of every quoted text that matches, in Python and templates."""
    wanted = re.compile(rf"[\"']({pattern})[\"']")
    return {(str(path), text) for path, content in sources(".py", ".html") for text in wanted.findall(content)}


def routes(urlconf: str) -> list[tuple[str, URLPattern, str]]:
    """(route, pattern, name with its namespaces) of every address of a URLconf."""

    def walk(resolver: Any, prefix: str, spaces: str) -> Iterator[tuple[str, URLPattern, str]]:
        for entry in resolver.url_patterns:
            route = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                below = f"{spaces}{entry.namespace}:" if entry.namespace else spaces
                yield from walk(entry, route, below)
            else:
                yield route, entry, f"{spaces}{entry.name}" if entry.name else ""

    return list(walk(get_resolver(urlconf), "", ""))


@cache
def viewsets() -> dict[type, dict[str, set[str]]]:
    """{viewset: {action: methods}} of everything that the API serves."""
    found: dict[type, dict[str, set[str]]] = {}
    for _route, pattern, _name in routes(settings.ORGANIZATION_URLCONF):
        view = getattr(pattern.callback, "cls", None)
        for method, action in (getattr(pattern.callback, "actions", None) or {}).items():
            if method in view.http_method_names:
                found.setdefault(view, {}).setdefault(action, set()).add(method.upper())
    return found
