"""From the bytes of an uploaded file to text, or one clear fault. Room: domain, pure."""

import codecs

from teams_rollout.domain.importing.faults import FaultCode, FaultLog

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(data: bytes, *, log: FaultLog, max_bytes: int) -> str | None:
    """The file's text without byte order mark, or None with one fault in the log.

    Args:
        max_bytes: larger files are refused unread.
    """
    if len(data) > max_bytes:
        log.add(
            FaultCode.FILE_TOO_LARGE,
            f"{log.file} has {_mebibytes(len(data))}, more than the {_mebibytes(max_bytes)} that "
            "are read at once; check that it is the right file, or split it.",
        )
        return None
    if data.startswith(_UTF16_MARKS):
        log.add(
            FaultCode.NOT_UTF8,
            f"{log.file} is saved as UTF-16 (“Unicode text”) and not as UTF-8; "
            "save it again as “CSV UTF-8”.",
            line=1,
        )
        return None
    text = _from_utf8(data, log)
    return text if text is None else _without_nul(text, log)


def _from_utf8(data: bytes, log: FaultLog) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        log.add(
            FaultCode.NOT_UTF8,
            f"{log.file} is not UTF-8: line {line} has a byte that no UTF-8 text has; save it "
            "again as “CSV UTF-8”, so that names with accents survive.",
            line=line,
        )
        return None


def _without_nul(text: str, log: FaultLog) -> str | None:
    position = text.find("\0")
    if position < 0:
        return text
    line = text.count("\n", 0, position) + 1
    log.add(
        FaultCode.NUL_BYTE,
        f"{log.file} has a NUL byte in line {line}, so it is damaged or no text file; export it "
        "again from its source.",
        line=line,
    )
    return None


def _mebibytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MiB" if size >= 1024 * 1024 else f"{size} bytes"
