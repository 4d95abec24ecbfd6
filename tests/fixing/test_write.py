"""Files are replaced whole: by a run that is killed, by two at once, and whatever they are like."""

from __future__ import annotations

import codecs
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bgmode.discover import Walk
from bgmode.fixing.write import CannotWrite, write_text
from tests.command import BAD, BIN, bgmode

FILES = 300
FIX = ("check", "--fix", "--unsafe-fixes", "--quiet", "--output-format", "concise")
OLD = b"one = 1\n"
NEW = "two = 2\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_bytes(OLD)
    return path


# Runs that are killed, and runs at the same time


def fixed(text: str, tmp_path: Path) -> str:
    """What the fixes make of a text."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.py").write_text(text)
    bgmode(*FIX, cwd=tmp_path / "one")
    return (tmp_path / "one" / "a.py").read_text()


def many(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "many"
    folder.mkdir()
    paths = [folder / f"a{number:03}.py" for number in range(FILES)]
    for path in paths:
        path.write_text(BAD)
    return paths


def start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [BIN / "bgmode", *FIX], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def test_a_run_that_is_killed_leaves_each_file_old_or_new(tmp_path: Path) -> None:
    new, paths = fixed(BAD, tmp_path), many(tmp_path)
    assert new != BAD
    for until in (3, 90, 180):
        run = start(paths[0].parent)
        while paths[until].read_text() == BAD and run.poll() is None:
            time.sleep(0.001)
        run.kill()
        run.wait()
        texts = [path.read_text() for path in paths]
        assert set(texts) == {BAD, new}  # it was killed in the middle
    for number in (1, 2):  # as if each kill had hit a file that was being written
        (paths[0].parent / f".a000.py.{number}.bgmode").write_text(BAD[: number * 40])
    bgmode(*FIX, cwd=paths[0].parent)
    assert {path.read_text() for path in paths} == {new}


def test_two_runs_at_once_leave_whole_files(tmp_path: Path) -> None:
    new, paths = fixed(BAD, tmp_path), many(tmp_path)
    runs = [start(paths[0].parent) for _ in range(2)]
    seen: set[str] = set()
    while any(run.poll() is None for run in runs):
        seen |= {path.read_text() for path in paths[::10]}
    assert seen <= {BAD, new}
    assert {path.read_text() for path in paths} == {new}
    assert [path for path in paths[0].parent.iterdir() if path.suffix != ".py"] == []
    assert {run.returncode for run in runs} <= {1, 2}  # 2: the other one was first somewhere


def test_what_a_killed_run_leaves_is_no_python_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    (tmp_path / ".a.py.x1y2.bgmode").write_text(BAD)
    (tmp_path / ".tool.x1y2.bgmode").write_text("#!/usr/bin/env python\n" + BAD)
    walk = Walk()
    assert list(walk.files([str(tmp_path)])) == [str(tmp_path / "a.py")]
    assert (walk.errors, walk.policies) == ([], [])


def test_a_failure_in_the_middle_leaves_the_file_and_nothing_else(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("fsync", "chmod", "replace"):

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, name, fail)
            with pytest.raises(CannotWrite, match="No space left on device"):
                write_text(str(file), OLD, NEW, "utf-8")
        assert file.read_bytes() == OLD
        assert list(file.parent.iterdir()) == [file]


def test_an_interruption_leaves_the_file_and_nothing_else(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_text(str(file), OLD, NEW, "utf-8")
    assert file.read_bytes() == OLD
    assert list(file.parent.iterdir()) == [file]


# Files that somebody else changes


def test_a_file_that_was_changed_is_left_alone(file: Path) -> None:
    file.write_text("mine = 1\n")
    with pytest.raises(CannotWrite, match="changed by somebody else"):
        write_text(str(file), OLD, NEW, "utf-8")
    assert file.read_text() == "mine = 1\n"
    assert list(file.parent.iterdir()) == [file]


def test_a_change_while_the_new_text_is_written_is_kept(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def change(descriptor: int) -> None:
        fsync(descriptor)
        file.write_text("mine = 1\n")

    monkeypatch.setattr(os, "fsync", change)
    with pytest.raises(CannotWrite, match="changed by somebody else"):
        write_text(str(file), OLD, NEW, "utf-8")
    assert file.read_text() == "mine = 1\n"
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_is_gone_stays_away(file: Path) -> None:
    file.unlink()
    with pytest.raises(CannotWrite, match="No such file"):
        write_text(str(file), OLD, NEW, "utf-8")
    assert list(file.parent.iterdir()) == []


def test_a_change_during_a_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    code = (
        "import bgmode.fixing.rounds as rounds\n"
        "fix_text = rounds.fix_text\n"
        "def slowly(*arguments, **more):\n"
        "    open('a.py', 'a').write('# mine\\n')\n"
        "    return fix_text(*arguments, **more)\n"
        "rounds.fix_text = slowly\n"
        "import bgmode.cli\n"
        "bgmode.cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *FIX],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "error: a.py: not fixed: it was changed by somebody else meanwhile" in done.stderr
    assert "fixed" not in done.stdout
    assert (tmp_path / "a.py").read_text() == BAD + "# mine\n"


# What a file is like


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755, 0o700])
def test_the_mode_is_kept(file: Path, mode: int) -> None:
    file.chmod(mode)
    write_text(str(file), OLD, NEW, "utf-8")
    assert file.read_text() == NEW
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_the_mode_does_not_depend_on_the_umask(file: Path) -> None:
    file.chmod(0o666)
    before = os.umask(0o077)
    try:
        write_text(str(file), OLD, NEW, "utf-8")
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o666


as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away"
)


@as_root
@pytest.mark.parametrize("mode", [0o640, 0o2775, 0o4755])
def test_root_keeps_the_owner_and_the_mode(file: Path, mode: int) -> None:
    os.chown(file, 65534, 65534)
    file.chmod(mode)
    write_text(str(file), OLD, NEW, "utf-8")
    status = file.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (65534, 65534, mode)


def test_a_symbolic_link_is_followed_and_stays(file: Path, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    link, chain = tmp_path / "inner" / "link.py", tmp_path / "chain.py"
    link.symlink_to("../a.py")
    chain.symlink_to(link)
    write_text(str(chain), OLD, NEW, "utf-8")
    assert link.is_symlink()
    assert chain.is_symlink()
    assert not file.is_symlink()
    assert file.read_text() == NEW
    assert list((tmp_path / "inner").iterdir()) == [link]


def test_a_read_only_file_is_left_alone(file: Path) -> None:
    file.chmod(0o444)
    with pytest.raises(CannotWrite, match="read-only"):
        write_text(str(file), OLD, NEW, "utf-8")
    assert file.read_bytes() == OLD


def as_nobody(action: Callable[[], None]) -> str:
    """What an action of somebody without rights raises, or nothing."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        told = "nothing"
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            action()
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with open(reading) as told_by_child:
        return told_by_child.read()


@as_root
@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "told"),
    [
        (0o777, 0o666, "nothing"),
        (0o777, 0o644, "CannotWrite: it is read-only"),
        (0o555, 0o666, "CannotWrite: Permission denied"),
    ],
)
def test_what_may_not_be_written_is_told(folder_mode: int, file_mode: int, told: str) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to others
        file = Path(folder) / "a.py"
        file.write_bytes(OLD)
        file.chmod(file_mode)
        file.parent.chmod(folder_mode)
        assert as_nobody(lambda: write_text(str(file), OLD, NEW, "utf-8")) == told
        assert file.read_bytes() == (NEW.encode() if told == "nothing" else OLD)
        assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("text", "encoding", "data"),
    [
        ("a = 'ö'\n", "utf-8", "a = 'ö'\n".encode()),
        ("a = 'ö'\n", "utf-8-sig", codecs.BOM_UTF8 + "a = 'ö'\n".encode()),
        (
            "# coding: latin-1\na = 'ö'\n",
            "iso-8859-1",
            "# coding: latin-1\na = 'ö'\n".encode("latin-1"),
        ),
        ("a = 1\r\nb = 2\r\n", "utf-8", b"a = 1\r\nb = 2\r\n"),
        ("a = 1\rb = 2", "utf-8", b"a = 1\rb = 2"),
    ],
)
def test_the_bytes_are_those_of_the_text(file: Path, text: str, encoding: str, data: bytes) -> None:
    write_text(str(file), OLD, text, encoding)
    assert file.read_bytes() == data


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        ("# coding: latin-1\na = '漢'\n", "iso-8859-1", "cannot be written as iso-8859-1"),
        ("import os\nimport re\n# coding: latin-1\na = 'ö'\n", "iso-8859-1", "not be read as"),
        ("# coding: utf-7\na = 1\n", "utf-16", "not be read as"),
    ],
)
def test_what_would_be_read_as_another_text_is_not_written(
    file: Path, text: str, encoding: str, told: str
) -> None:
    with pytest.raises(CannotWrite, match=told):
        write_text(str(file), OLD, text, encoding)
    assert file.read_bytes() == OLD


# Differences


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.py", BAD.encode()),
        ("a b.py", BAD.encode()),
        ("größe.py", BAD.encode()),
        ("a.py", BAD.replace("\n", "\r\n").encode()),
        ("a.py", BAD.rstrip().encode()),
        ("a.py", BAD.replace("\n", "\r\n").rstrip().encode()),
        ("a.py", BAD.replace("prompt,", "'größer 🙂',").encode()),
        ("a.py", codecs.BOM_UTF8 + ("# far above\n" * 9 + BAD).encode()),
        ("a.py", ("# coding: latin-1\n# größer\n" + "# far above\n" * 9 + BAD).encode("latin-1")),
    ],
)
def test_git_takes_the_difference(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    told = subprocess.run(
        [BIN / "bgmode", "check", "--diff", "--unsafe-fixes", "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (tmp_path / name).read_bytes() == data
    git = ["git", "-c", "core.autocrlf=false", "apply"]
    for arguments in (["--check", "-"], ["-"]):
        subprocess.run([*git, *arguments], cwd=tmp_path, input=told.stdout, check=True)
    by_git = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data)
    bgmode(*FIX, cwd=tmp_path)
    assert by_git == (tmp_path / name).read_bytes() != data
