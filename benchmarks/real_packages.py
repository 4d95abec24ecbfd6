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
