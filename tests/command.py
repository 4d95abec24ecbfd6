"""Runs the installed command as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent


def bgmode(
    *arguments: str | Path,
    cwd: Path,
    stdin: bytes | None = None,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """The command's exit code and what it printed."""
    done = subprocess.run(
        [BIN / "bgmode", *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={**os.environ, "NO_COLOR": "", **(env or {})},
        timeout=120,
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args,
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
    )


BAD = """\
from openai import OpenAI

client = OpenAI()


def submit(prompt):
    return client.responses.create(
        model="o3",
        input=prompt,
        background=True,
    )
"""
GOOD = BAD.replace(
    "background=True,",
    'background=True,\n        store=True,\n        extra_headers={"Idempotency-Key": prompt},',
)
