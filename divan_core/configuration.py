"""Settings from variables and a TOML file, each with its source.

A field ``x`` of :class:`~divan_core.settings.Settings` is the variable ``DIVAN_X`` and ``x`` of
the file's section ``[divan]``; the field ``x`` of the group ``jwt`` is ``DIVAN_JWT_X`` and ``x``
of ``[jwt]``, and so on, except that variables of some groups begin with the group's own name:
``LOG_``, ``IDEMPOTENCY_``, ``MODERATION_``, ``SEARCH_``, ``COMMUNITIES_``, ``OBS_``, ``OTEL_`` and
``HEALTH_``. The file is the one that ``DIVAN_CONFIG`` names; a variable wins over it.

Nothing here reads the environment by itself: whoever starts a process hands it over.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

import attrs
from typed_settings import SecretStr, load_settings
from typed_settings.converters import (
    Converter,
    get_default_cattrs_converter,
    register_strlist_hook,
)
from typed_settings.types import LoadedSettings, LoaderMeta, OptionInfo, OptionList

from divan_core.errors import ConfigurationError, FieldError
from divan_core.settings import Settings

FILE_VARIABLE: Final = "DIVAN_CONFIG"
DEFAULT: Final = "default"
MASK: Final = "********"

_TOP: Final = "divan"
_PREFIXES: Final = {
    "log": "LOG_",
    "idempotency": "IDEMPOTENCY_",
    "moderation": "MODERATION_",
    "search": "SEARCH_",
    "communities": "COMMUNITIES_",
    "obs": "OBS_",
    "otel": "OTEL_",
    "health": "HEALTH_",
}
_PASSWORD: Final = re.compile(r"(://[^/?#@:\s]*:)\S*(@)|(password=)[^&\s]*")
_OF_OTHERS: Final = re.compile(
    r"DIVAN_(CONFIG|TEST_\w+"
    # Kubernetes describes services called divan or divan-something in this way.
    r"|(\w+_)?SERVICE_(HOST|PORT(_\w+)?)|(\w+_)?PORT_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)"
)
_KINDS: Final[Mapping[type, tuple[type, ...]]] = {
    bool: (bool,),
    int: (int,),
    float: (int, float),
    str: (str,),
    SecretStr: (str,),
}

ShownT = TypeVar("ShownT")
SettingValue = str | int | float | bool | tuple[str, ...]


@attrs.frozen
class Loaded:
    """Settings, and where each comes from, by the dotted name of its field (``jwt.secret``).

    A source is ``default``, the name of a variable, or the path of the file.
    """

    settings: Settings
    sources: Mapping[str, str]


@attrs.frozen
class SettingView:
    """One setting as it may be shown: its variable, its key in the file, secrets masked."""

    name: str
    key: str
    value: SettingValue
    source: str


@attrs.frozen
class _Given:
    """A value as it was found, what to call it in a complaint, and its source."""

    name: str
    value: Any
    source: str


def load(environ: Mapping[str, str]) -> Loaded:
    """The settings that an environment and the file it names make up.

    Raises:
        ConfigurationError: the file cannot be read, a name is unknown or a value is wrong. All
            faults are told, each with its name and what is allowed.
    """
    faults: list[FieldError] = []
    converter = get_default_cattrs_converter()
    register_strlist_hook(converter, fn=_parts)
    file = _file_values(environ.get(FILE_VARIABLE, ""))
    loaders = (
        _Loader("file", _given_in_file(*file), _from_toml, faults),
        _Loader("variables", _given_in_variables(environ), partial(_from_text, converter), faults),
    )
    settings = load_settings(Settings, loaders, converter=converter)
    known = [option.path for option in loaders[0].options]
    faults += _unknown_in_file(*file, known)
    faults += _unknown_variables(environ, known)
    if faults:
        text = "\n".join(f"{fault.path} {fault.message}" for fault in faults)
        raise ConfigurationError(text, errors=faults)
    sources = dict.fromkeys(known, DEFAULT)
    for loader in loaders:
        sources |= loader.sources
    return Loaded(settings, sources)


def describe(loaded: Loaded) -> tuple[SettingView, ...]:
    """Every setting in the order of the classes, with secrets masked."""
    settings = loaded.settings.decided()
    return tuple(
        SettingView(
            name=variable_name(path),
            key="[{}] {}".format(*_key(path)),
            value=_masked(_value_at(settings, path)),
            source=source,
        )
        for path, source in loaded.sources.items()
    )


def variable_name(path: str) -> str:
    """The variable of a field: ``jwt.secret`` is ``DIVAN_JWT_SECRET``."""
    section, key = _key(path)
    group = "DIVAN_" if section == _TOP else f"DIVAN_{section.upper()}_"
    return _PREFIXES.get(section, group) + key.upper()


class _Loader:
    """A loader for typed-settings that types strictly and remembers sources and faults.

    typed-settings alone turns a file's 30.7 into 30 and prints values, secrets too, in its errors.
    """

    def __init__(
        self,
        name: str,
        given: Callable[[OptionInfo], _Given | None],
        typed: Callable[[Any, OptionInfo], object],
        faults: list[FieldError],
    ) -> None:
        self._name = name
        self._given = given
        self._typed = typed
        self._faults = faults
        self.sources: dict[str, str] = {}
        self.options: OptionList = ()

    def __call__(
        self,
        settings_cls: type,  # noqa: ARG002 - the protocol names it
        options: OptionList,
    ) -> LoadedSettings:
        self.options = options
        found: dict[str, Any] = {}
        for option in options:
            given = self._given(option)
            if given is not None:
                self._take(given, option, found)
        return LoadedSettings(found, LoaderMeta(self._name))

    def _take(self, given: _Given, option: OptionInfo, found: dict[str, Any]) -> None:
        try:
            value = self._typed(given.value, option)
            _check(value, option)
        except (TypeError, ValueError) as fault:
            self._faults.append(FieldError(given.name, _complaint(given.value, option, fault)))
            return
        group, _, name = option.path.rpartition(".")
        (found.setdefault(group, {}) if group else found)[name] = value
        self.sources[option.path] = given.source


class _NotAllowed(ValueError):
    """The value is not of the option's kind; what is allowed says it all."""


def _parts(text: str) -> list[str]:
    return [part for raw in text.split(",") if (part := raw.strip())]


def _from_text(converter: Converter, text: str, option: OptionInfo) -> object:
    for choice in _choices(option):
        if text.strip().lower() == choice.lower():
            return choice
    try:
        return converter.structure(text, option.cls)
    except Exception as fault:  # a conversion raises what it likes
        raise _NotAllowed from fault


def _from_toml(value: object, option: OptionInfo) -> object:
    if get_origin(option.cls) is tuple:
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise _NotAllowed
        return tuple(value)
    kinds = _KINDS.get(_class(option), (str,))
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise _NotAllowed
    if _choices(option) and value not in _choices(option):
        raise _NotAllowed
    return value


def _check(value: object, option: OptionInfo) -> None:
    """Let the field's own validator judge."""
    attribute = getattr(attrs.fields(option.parent_cls), option.name)
    if attribute.validator is not None:
        attribute.validator(None, attribute, value)


def _complaint(value: object, option: OptionInfo, fault: Exception) -> str:
    shown = "is not valid" if option.is_secret else f"is {_shortened(_masked(value))}"
    own_words = str(fault) if not _bounds(option) and not _choices(option) else ""
    if isinstance(fault, _NotAllowed) or not own_words:
        return f"{shown}; it must be {_allowed(option)}."
    return f"{shown}; it {own_words.removeprefix(option.name).strip()}."


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _allowed(option: OptionInfo) -> str:
    if choices := _choices(option):
        return f"one of {', '.join(choices)}"
    if get_origin(option.cls) is tuple:
        return "a list of texts (in a variable, with commas between them)"
    kind = {bool: "true or false", int: "a whole number", float: "a number"}.get(_class(option))
    return f"{kind or 'a text'}{_bounds(option)}"


def _class(option: OptionInfo) -> type:
    """The option's class, without the None of one that may be left open."""
    kind: Any = option.cls
    if not isinstance(kind, UnionType):
        return option.cls
    given: type = next(arm for arm in get_args(kind) if arm is not NoneType)
    return given


def _choices(option: OptionInfo) -> tuple[str, ...]:
    return get_args(option.cls) if get_origin(option.cls) is Literal else ()


def _bounds(option: OptionInfo) -> str:
    """The range that the field's validators allow, in words; empty when they name none."""
    validator = getattr(attrs.fields(option.parent_cls), option.name).validator
    both = getattr(validator, "_validators", (validator,))
    bounds = {getattr(one, "compare_op", ""): getattr(one, "bound", None) for one in both}
    if not {">=", "<="} <= bounds.keys():
        return ""
    return f" from {bounds['>=']} to {bounds['<=']}"


def _given_in_variables(environ: Mapping[str, str]) -> Callable[[OptionInfo], _Given | None]:
    def given(option: OptionInfo) -> _Given | None:
        name = variable_name(option.path)
        return _Given(name, environ[name], name) if name in environ else None

    return given


def _given_in_file(file: str, sections: Mapping[str, Any]) -> Callable[[OptionInfo], _Given | None]:
    def given(option: OptionInfo) -> _Given | None:
        section, key = _key(option.path)
        table = sections.get(section)
        if not isinstance(table, dict) or key not in table:
            return None
        return _Given(f"{file}: [{section}] {key}", table[key], file)

    return given


def _file_values(name: str) -> tuple[str, Mapping[str, Any]]:
    """The path of the file, and what is in it; nothing when none is named."""
    if not name:
        return "", {}
    try:
        path = Path(name).expanduser()
        return str(path), tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, RuntimeError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise ConfigurationError(f"{FILE_VARIABLE} names {name}: {reason}.") from fault
    except ValueError as fault:  # TOML, or UTF-8
        raise ConfigurationError(f"{name} is not valid TOML: {fault}") from fault


def _unknown_in_file(
    file: str, values: Mapping[str, Any], known: Iterable[str]
) -> Iterable[FieldError]:
    keys: dict[str, list[str]] = {}
    for path in known:
        section, key = _key(path)
        keys.setdefault(section, []).append(key)
    for section, table in values.items():
        if not isinstance(table, dict):
            yield FieldError(
                f"{file}: {section}", f"stands outside of a section; {_sections(keys)}."
            )
        elif section not in keys:
            yield FieldError(f"{file}: [{section}]", f"is not a section; {_sections(keys)}.")
        else:
            for key in table.keys() - keys[section]:
                name = f"{file}: [{section}] {key}"
                yield FieldError(name, _not_a_setting(key, keys[section]))


def _sections(keys: Iterable[str]) -> str:
    return "there are " + ", ".join(f"[{section}]" for section in keys)


def _unknown_variables(environ: Mapping[str, str], known: Iterable[str]) -> Iterable[FieldError]:
    names = [variable_name(path) for path in known]
    for name in sorted(environ):
        if name.startswith("DIVAN_") and name not in names and not _is_of_others(name, environ):
            yield FieldError(name, _not_a_setting(name, names))


def _is_of_others(name: str, environ: Mapping[str, str]) -> bool:
    service = name.endswith("_PORT") and "://" in environ[name]  # Kubernetes again
    return service or _OF_OTHERS.fullmatch(name) is not None


def _not_a_setting(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else "; divan config show lists them all."
    return f"is not a setting{hint}"


def _key(path: str) -> tuple[str, str]:
    group, _, key = path.rpartition(".")
    return group or _TOP, key


def _value_at(settings: Settings, path: str) -> SettingValue:
    value: Any = settings
    for name in path.split("."):
        value = getattr(value, name)
    shown: SettingValue = value
    return shown


def _masked(value: ShownT) -> ShownT | str:
    """The value with nothing secret in it: secrets whole, passwords inside addresses."""
    if isinstance(value, SecretStr):
        return MASK if value else ""
    if isinstance(value, str):
        return _PASSWORD.sub(rf"\g<1>\g<3>{MASK}\g<2>", value)
    return value
