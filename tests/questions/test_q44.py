"""Question 44: overrides, and a mounted application."""

from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from course.questions.running import Way

from .conftest import Happens, Question


def faked(question: Question, way: Way) -> list[str]:
    """Override the task on the main application, and return what it got."""
    module, got = question.module, list[str]()
    module.app.dependency_overrides[module.get_work] = lambda: got.append
    assert TestClient(module.app).post(way.path).status_code == 200
    return got


def test_wrong(question: Question, happens: Happens) -> None:
    """The override is ignored, and the real task sends."""
    assert faked(question, question.wrong) == []
    assert question.module.sent == ["ada@example.com"]
    happens("wrong: the real task runs")


def test_right(question: Question, happens: Happens) -> None:
    """The fake runs, and nothing is sent."""
    assert faked(question, question.right) == ["ada@example.com"]
    assert question.module.sent == []
    happens("right: the fake runs")


def test_an_included_router_needs_nothing(question: Question) -> None:
    """The override reaches the endpoints of a router."""
    module, got = question.module, list[str]()
    router, app = APIRouter(), FastAPI()
    router.post("/")(module.invite)
    app.include_router(router, prefix="/invitations")
    app.dependency_overrides[module.get_work] = lambda: got.append
    TestClient(app).post("/invitations/")
    assert got == ["ada@example.com"]
