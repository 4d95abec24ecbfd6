"""The inventory of background calls: what may run in the background, and who said so.

:mod:`bgmode.audit.inventory` holds the data; each format is a module of its own with a function
``render(inventory) -> str``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import cast

from bgmode.audit.inventory import Inventory

FORMATS = ("markdown", "csv", "json", "html")


def render(inventory: Inventory, output_format: str) -> str:
    """The inventory in one of :data:`FORMATS`."""
    module = importlib.import_module(f"bgmode.audit.{output_format}")
    return cast(Callable[[Inventory], str], module.render)(inventory)
