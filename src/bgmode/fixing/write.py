"""Replaces a file with new text so that every reader sees the old one or the new one."""

from __future__ import annotations

import codecs
import contextlib
import os
import stat
import tempfile

from bgmode.source import Unreadable, decode


class CannotWrite(Exception):
    """A file that was left alone, and why."""


def write_text(path: str, old: bytes, text: str, encoding: str) -> None:
    """Replace ``path``, which held ``old``, by ``text``.

    The mode is kept and a symbolic link is followed. Raises :class:`CannotWrite` where the
    file has changed meanwhile or may not be written.
    """
    target = os.path.realpath(path)
    data = encoded(text, encoding)
    if not _is_read_as(data, text):
        raise CannotWrite(f"the new text would not be read as {encoding}")
    try:
        status = os.stat(target)
        if not os.access(target, os.W_OK) or not status.st_mode & stat.S_IWUSR:
            raise CannotWrite("it is read-only")
        _replace(target, old, data, status)
    except OSError as error:
        raise CannotWrite(error.strerror or str(error)) from None


def encoded(text: str, encoding: str) -> bytes:
    """The bytes of a text. Raises :class:`CannotWrite`."""
    if encoding == "utf-8-sig":
        return codecs.BOM_UTF8 + text.encode("utf-8")
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        raise CannotWrite(f"the new text cannot be written as {encoding}") from None


def _is_read_as(data: bytes, text: str) -> bool:
    """Whether Python would read the text: the line that names the encoding has to be in place."""
    try:
        return decode(data)[0] == text
    except Unreadable:
        return False


def _replace(target: str, old: bytes, data: bytes, status: os.stat_result) -> None:
    directory, name = os.path.split(target)
    handle, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".bgmode", dir=directory)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if hasattr(os, "chown") and (os.geteuid(), os.getegid()) != (status.st_uid, status.st_gid):
            _keep_owner(temporary, status)
        os.chmod(temporary, stat.S_IMODE(status.st_mode))  # behind chown, which takes bits away
        with open(target, "rb") as file:  # at the last moment
            if file.read() != old:
                raise CannotWrite("it was changed by somebody else meanwhile")
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _keep_owner(path: str, status: os.stat_result) -> None:
    with contextlib.suppress(PermissionError):  # only root may give files away
        os.chown(path, status.st_uid, status.st_gid)
