"""Fetches public packages that use background mode, and prints what bgmode finds in them.

    python benchmarks/real_packages.py [FOLDER]

Wheels are downloaded with pip into FOLDER (default: a temporary one) and unpacked, never
installed. The findings of every package are printed, and, for semantic-kernel, what the
fixes would change.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGES = (
    "semantic-kernel==1.45.0",
    "agno==3.1.10",
    "inspect-ai==0.3.285",
    "pydantic-ai-slim==2.68.0",
    "agent-framework-openai==1.17.0",
    "openai==3.54.0",
    "openai-agents==0.24.0",
)
FURTHER = (
    "agno==2.0.0",
    "any-llm-sdk==1.40.2",
    "autogen-ext==0.7.5",
    "camel-ai==0.2.90",
    "crewai==1.15.30",
    "deepeval==4.3.1",
    "dspy==3.4.1",
    "google-adk==2.13.0",
    "haystack-ai==3.4.1",
    "instructor==1.17.0",
    "langchain-openai==1.7.4",
    "letta==0.34.12",
    "litellm==1.109.1",
    "llama-index-llms-openai==0.8.3",
    "marvin==3.2.7",
    "mirascope==2.8.2",
    "pydantic-ai-slim==1.0.0",
    "strands-agents==1.62.0",
)
"""Packages that speak to language models in many ways, hardly ever in background mode."""


def fetch(package: str, folder: Path) -> Path:
    """Download and unpack one wheel; returns the folder that holds its code."""
    target = folder / package.replace("==", "-")
    if target.is_dir():
        return target
    with tempfile.TemporaryDirectory() as wheels:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels]
        subprocess.run([*command, package], check=True)
        (wheel,) = Path(wheels).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
    return target


def check(folder: Path, *options: str) -> str:
    command = [sys.executable, "-c", "from bgmode.cli import main; main()", "check", *options, "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for package in PACKAGES:
            code = fetch(package, folder)
            print(f"== {package}")
            print(check(code, "--output-format", "concise"))
        print("== the fix for semantic-kernel")
        fixed = fetch(PACKAGES[0], folder)
        print(check(fixed, "--diff", "--fix", "--unsafe-fixes"))


if __name__ == "__main__":
    main()
