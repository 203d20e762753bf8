"""No request that a machine can think of makes a stage fail."""

import importlib
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from course.stage import find_stages
from tests.servers import Live

BOUNDED = settings(
    max_examples=30,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.usefixtures("certificate")
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_no_request_is_a_server_error(live: Live, number: int) -> None:
    """Valid and invalid requests alike are answered, dozens of each."""
    module = importlib.import_module(find_stages()[number - 1].module)
    schema = schemathesis.openapi.from_dict(module.app.openapi())
    codes: set[int] = set()
    with live(module.app) as client:
        url = str(client.base_url)
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            modes = [
                found.ok().as_strategy(generation_mode=mode)
                for mode in GenerationMode
            ]

            @BOUNDED
            @given(st.one_of(modes))
            def send(case: schemathesis.Case[Any]) -> None:
                response = case.call(base_url=url, timeout=10)
                codes.add(response.status_code)
                assert response.status_code < 500, case.as_curl_command()

            send()
    assert codes >= {200, 422}
