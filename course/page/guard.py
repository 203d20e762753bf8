"""Let nobody but the course's own pages drive what runs here.

Any web site that is open in the browser can send requests to this machine.
Its requests carry its own address (`Origin`), and after DNS rebinding its own
name (`Host`): such requests are refused, and no site may frame a page.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from course import ports

NOT_ALLOWED = 1008  # closes a WebSocket
HOSTS = [ports.HOST, "localhost"]
POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none';"
    " form-action 'self'; base-uri 'none'; style-src 'self' 'unsafe-inline'"
)
INLINE = "; script-src 'self' 'unsafe-inline'; worker-src blob:"  # Swagger UI
REFUSED = (
    "Refused: this request comes from {origin}, and only the course's own"
    " pages may send requests to it."
)


def guarded(app: ASGIApp) -> ASGIApp:
    """Put the guard around the page and all the stages."""
    return TrustedHostMiddleware(OwnPages(app), HOSTS, www_redirect=False)


class OwnPages:
    """Refuse what another site's page sends; tell browsers to do the same."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve a request of our own pages, or of no page (curl)."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = foreign(headers, scope.get("method", "GET"))
        if scope["type"] == "websocket":
            if origin:
                await send({"type": "websocket.close", "code": NOT_ALLOWED})
            else:
                await self.app(scope, receive, send)
            return
        documentation = scope["path"].endswith(("/docs", "/redoc"))

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Frame-Options"] = "DENY"
                headers["X-Content-Type-Options"] = "nosniff"
                policy = POLICY + (INLINE if documentation else "")
                headers["Content-Security-Policy"] = policy
            await send(message)

        if origin:
            text = REFUSED.format(origin=origin)
            refusal = PlainTextResponse(text, status_code=403)
            await refusal(scope, receive, send_with_policy)
        else:
            await self.app(scope, receive, send_with_policy)


def foreign(headers: Headers, method: str) -> str:
    """Return which other site has sent a request; nothing if none has."""
    for origin in headers.getlist("origin"):
        if origin != f"http://{headers.get('host')}":
            return "another site" if origin in {"", "null"} else origin
    site = headers.get("sec-fetch-site")
    if method != "GET" and site in {"cross-site", "same-site"}:
        return "another site"
    return ""
