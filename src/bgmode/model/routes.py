"""Web request handlers: which functions a web framework calls for a request.

Knows FastAPI, Starlette, Flask, Django, aiohttp and Litestar. Web sockets are no requests:
they may stay open for as long as a job runs.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cached_property

from bgmode.flow.names import FUNCTIONS, FunctionNode, Names, dotted, undecorated

_METHODS = frozenset("get post put patch delete head options route api_route".split())
_MAKERS = re.compile(
    r"(^|\.)(FastAPI|APIRouter|Flask|Quart|Blueprint|Starlette|Sanic|RouteTableDef|Router|Bottle"
    r"|NinjaAPI|Litestar)$"
)
_DECORATORS = re.compile(
    r"^(litestar\.(get|post|put|patch|delete|route)|litestar\.handlers\.\w+"
    r"|rest_framework\.decorators\.(api_view|action)"
    r"|django\.views\.decorators\.http\.require_\w+|bottle\.(get|post|put|delete|route))$"
)
_VIEW_BASES = re.compile(
    r"(^|\.)(HTTPEndpoint|MethodView|APIView|ViewSet|ModelViewSet|GenericAPIView|View|Resource"
    r"|Controller|RequestHandler)$"
)
_REGISTERS = frozenset("add_url_rule add_api_route add_route add_get add_post add_put".split())
_ROUTE_CALLS = re.compile(
    r"^(starlette\.routing\.Route|fastapi\.routing\.APIRoute|django\.urls\.(re_)?path"
    r"|aiohttp\.web\.(get|post|put|patch|delete|route))$"
)
_FRAMEWORKS = ("fastapi", "starlette", "flask", "quart", "django", "aiohttp", "litestar", "sanic")


@dataclass(frozen=True)
class Route:
    """A request handler, and what makes it one."""

    handler: FunctionNode
    node: ast.AST


class Routes:
    """The request handlers of one module."""

    def __init__(self, names: Names) -> None:
        self.names = names

    @cached_property
    def all(self) -> tuple[Route, ...]:
        """Every handler that can be seen, in the order of the text."""
        found = {route.handler: route for route in (*self._registered(), *self._decorated())}
        return tuple(sorted(found.values(), key=lambda route: route.handler.lineno))

    def _decorated(self) -> list[Route]:
        found: list[Route] = []
        for function in self.names.functions:
            decorators = [node for node in function.decorator_list if self._is_route(node)]
            found += [Route(function, decorator) for decorator in decorators]
            owner = self.names.parent.get(function)
            if isinstance(owner, ast.ClassDef) and function.name in _METHODS:
                base = next((b for b in owner.bases if _VIEW_BASES.search(dotted(b) or "")), None)
                if base is not None and self._is_of_a_framework(base):
                    found.append(Route(function, base))
        return found

    def _is_of_a_framework(self, base: ast.expr) -> bool:
        name = self.names.qualify(base) or ""
        return name.startswith((*_FRAMEWORKS, "rest_framework", "tornado", "flask_restful"))

    def _is_route(self, decorator: ast.expr) -> bool:
        target = undecorated(decorator)
        if _DECORATORS.match(self.names.qualify(target) or ""):
            return True
        match target:
            case ast.Attribute(value=router, attr=method) if method in _METHODS:
                return isinstance(decorator, ast.Call) and self._is_router(router)
        return False

    def _is_router(self, node: ast.expr) -> bool:
        """Whether an expression is an application or a router, by how it was made."""
        match node:
            case ast.Name(id=name):
                scope = self.names.defining_scope(name, node)
                bindings = scope.bindings.get(name, []) if scope else []
                made = [b.value for b in bindings if isinstance(b.value, ast.Call)]
                if made:
                    return any(_MAKERS.search(dotted(call.func) or "") for call in made)
                if self.names.qualify(node) is not None:  # imported from another module
                    return name in {"app", "router", "api", "blueprint", "bp"} and self._imports()
        return False

    def _imports(self) -> bool:
        """Whether the module imports anything of a web framework."""
        return any(name.partition(".")[0] in _FRAMEWORKS for name in self.names.imports.values())

    def _registered(self) -> list[Route]:
        """``Route("/ask", ask)``, ``app.router.add_post("/ask", ask)``."""
        found: list[Route] = []
        for call in self.names.calls:
            by_method = isinstance(call.func, ast.Attribute) and call.func.attr in _REGISTERS
            by_name = _ROUTE_CALLS.match(self.names.qualify(call.func) or "")
            if not by_name and not (by_method and self._imports()):
                continue
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            for argument in given:
                handler = self.names.named_function(argument)
                if isinstance(handler, FUNCTIONS):
                    found.append(Route(handler, call))
        return found
