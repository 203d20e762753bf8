"""Call a dependency, and all that it depends on, in one thread.

FastAPI calls a `def` dependency in a worker thread. Here it is called in a
thread that a check can stop (checks/turns.py).
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant

Values = dict[Callable[..., Any], Any]  # by what gave them


class NotInOneThreadError(Exception):
    """It needs the event loop, or a real request."""


def resolved(
    call: Callable[..., Any],
    app: FastAPI,
    replaced: Mapping[Callable[..., Any], Any],
) -> Values:
    """Return its value, and the value of each of its dependencies."""
    values: Values = dict(replaced)
    _resolve(get_dependant(path="/", call=call), app, values)
    return values


def _resolve(dependant: Dependant, app: FastAPI, values: Values) -> Any:
    call = dependant.call
    assert call is not None
    if call in values:
        return values[call]
    names = {str(each.name): each for each in dependant.dependencies}
    arguments = {name: _resolve(names[name], app, values) for name in names}
    if dependant.request_param_name:
        scope = {"type": "http", "app": app, "headers": [], "state": {}}
        arguments[dependant.request_param_name] = Request(scope)
    parameters = inspect.signature(call).parameters.values()
    needed = {each.name for each in parameters if each.default is each.empty}
    if needed - set(arguments):
        raise NotInOneThreadError
    value = call(**arguments)
    if inspect.iscoroutine(value):
        value.close()
    if inspect.iscoroutine(value) or inspect.isasyncgen(value):
        raise NotInOneThreadError
    values[call] = next(value) if inspect.isgenerator(value) else value
    return values[call]
