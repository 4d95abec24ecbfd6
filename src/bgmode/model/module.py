"""One module's facts, each found out when it is asked for, and once."""

from __future__ import annotations

from functools import cached_property

from bgmode.flow.names import Names
from bgmode.flow.project import Project
from bgmode.knowledge import DEFAULT_VOCABULARY, Provider, Vocabulary
from bgmode.model.annotations import Annotations
from bgmode.model.callgraph import CallGraph
from bgmode.model.calls import Calls
from bgmode.model.clients import Clients
from bgmode.model.imports import Imports, Neighbours
from bgmode.model.polling import Polling
from bgmode.model.results import Results
from bgmode.model.stale import Stale, StaleLoops
from bgmode.model.wrappers import Wrappers
from bgmode.source import Source


class Module:
    """Everything the rules may ask about one file. ``source.tree`` must be readable."""

    def __init__(
        self,
        source: Source,
        provider: Provider,
        project: Project,
        vocabulary: Vocabulary = DEFAULT_VOCABULARY,
    ) -> None:
        self.source = source
        self.provider = provider
        self.project = project
        self.vocabulary = vocabulary

    @cached_property
    def names(self) -> Names:
        known = self.project.read_already(self.source)
        names = Names(self.source.tree) if known is None else known.names
        self.project.bring(names, self.source.path, names.read_free)
        return names

    @cached_property
    def clients(self) -> Clients:
        imports = Imports(Neighbours(self.project, self.provider), self.source.path)
        return Clients(self.names, self.provider, imports)

    @cached_property
    def calls(self) -> Calls:
        return Calls(self.names, self.clients)

    @cached_property
    def polling(self) -> Polling:
        return Polling(self.names, self.clients, self.calls)

    @cached_property
    def stale_loops(self) -> tuple[Stale, ...]:
        return StaleLoops(self.polling).find()

    @cached_property
    def results(self) -> Results:
        return Results(self.polling)

    @cached_property
    def graph(self) -> CallGraph:
        return CallGraph(self.calls, self.project)

    @cached_property
    def wrappers(self) -> Wrappers:
        return Wrappers(self.annotations, self.graph, self.project)

    @cached_property
    def annotations(self) -> Annotations:
        return Annotations(self.source, self.names, self.clients, self.project, self.vocabulary)
