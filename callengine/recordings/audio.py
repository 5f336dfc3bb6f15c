"""Sound files: how long a WAV really is, its peaks, two legs into one, and Opus that was decoded again to be sure.

Everything here blocks and is called in a thread. Nothing here knows of calls or of the database.
"""

from __future__ import annotations

import errno
import hashlib
import os
import struct
import subprocess
import sys
import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

PCM = 1
PEAK_COUNT = 800
SAMPLES_PER_PEAK = 400
CHUNK = 1 << 20
# Opus under about 20 kbit/s silently merges both channels into one (measured with opus-tools 0.2): 24 keeps the
# caller and the operator apart, and with its variable rate a minute of speech is still about 130 kB.
OPUS_KBITS = 24
TOOL_SECONDS = 1800
# A codec may add its own lead-in; more than this is a fault.
ENCODE_SLACK_SECONDS = 0.1


class NotAudio(Exception):
    """The file is no sound that we can read; the text says why."""


class EncodeFailed(Exception):
    """The encoder or its check failed; the source is untouched."""


class DiskFull(Exception):
    """There is no room for what we wanted to write."""


@dataclass(frozen=True, slots=True)
class Wav:
    """What a WAV truly holds, by its size on the disk and not by its header's promise."""

    channels: int
    rate: int
    offset: int  # where the samples begin
    length: int  # bytes of samples that are really there
    promised: int  # what the header says
    channel_bytes: int = 2

    @property
    def frame(self) -> int:
        return self.channels * self.channel_bytes

    @property
    def seconds(self) -> float:
        return (self.length // self.frame) / self.rate

    @property
    def whole(self) -> bool:
        """The header agrees with the file: the writer closed it."""
        return self.promised == self.length


def probe(path: Path) -> Wav:
    """Read the header. Raises NotAudio."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise NotAudio("it does not begin as a WAV file" if size else "the file is empty")
        return _chunks(file, size)


def _chunks(file: BinaryIO, size: int) -> Wav:
    form: tuple[int, int] | None = None
    while len(head := file.read(8)) == 8:
        name, length = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"data":
            if form is None:
                raise NotAudio("the samples come before their format")
            there = size - file.tell()
            # A writer that died leaves 0 or 0xFFFFFFFF; what is on the disk counts. A trailing chunk is not sound.
            really = min(length, there) if 0 < length < 0xFFFFFFFF - 8 else there
            return Wav(form[0], form[1], file.tell(), really, length)
        if name == b"fmt ":
            form = _format(file.read(length))
        else:
            file.seek(length, os.SEEK_CUR)
        if length % 2:
            file.seek(1, os.SEEK_CUR)
    raise NotAudio("it has no samples")


def _format(body: bytes) -> tuple[int, int]:
    if len(body) < 16:
        raise NotAudio("its format is cut off")
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
    if kind not in (PCM, 0xFFFE) or bits != 16:
        raise NotAudio(f"it holds {bits}-bit samples of format {kind}; 16-bit PCM is needed")
    if channels not in (1, 2) or not 4000 <= rate <= 192_000:
        raise NotAudio(f"it has {channels} channels at {rate} Hz")
    return channels, rate


def peaks(path: Path, wav: Wav, count: int = PEAK_COUNT) -> bytes:
    """Two channels of 8-bit peaks, interleaved; a mono file is told twice. Empty for no sound.

    Of a long file each peak looks at a few hundred samples only: the eye sees the same, and a minute costs
    milliseconds of the interpreter.
    """
    frames = wav.length // wav.frame
    count = min(count, frames)
    found = bytearray()
    with path.open("rb") as file:
        for number in range(count):
            began, ended = frames * number // count, frames * (number + 1) // count
            file.seek(wav.offset + began * wav.frame)
            samples = array("h", file.read((ended - began) * wav.frame))
            if sys.byteorder == "big":
                samples.byteswap()
            step = max(1, (ended - began) // SAMPLES_PER_PEAK) * wav.channels
            left = _peak(samples[::step])
            found += bytes((left, _peak(samples[1::step]) if wav.channels == 2 else left))
    return bytes(found)


def _peak(samples: array[int]) -> int:
    loudest = max(max(samples, default=0), -min(samples, default=0))
    return min(255, loudest >> 7)


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def merge(legs: Sequence[Path], target: Path) -> None:
    """Two mono files side by side: the caller left, the operator right. Raises EncodeFailed, DiskFull."""
    _run(["sox", "-M", *map(str, legs), str(target)], target.parent)
    # On a full disk sox ends well all the same, and leaves an empty or a cut file.
    if _is_full(target.parent) and _seconds(target) + ENCODE_SLACK_SECONDS < max(map(_seconds, legs)):
        raise DiskFull("no space left")


def _seconds(path: Path) -> float:
    try:
        return probe(path).seconds
    except NotAudio:
        return 0.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What was written: its format, size and check sum."""

    format: str
    bytes: int
    sha256: str


def keep_opus(source: Path, wav: Wav, target: Path) -> Kept:
    """Encode beside `target`, decode again, compare the length, and only then put it in place.

    Raises EncodeFailed or DiskFull; then nothing is left behind.
    """
    size = wav.length // wav.frame * wav.frame
    # Raw samples and our own numbers: the encoder must not believe a header that lies.
    command = ["opusenc", "--quiet", "--speech", "--bitrate", str(OPUS_KBITS), "--raw", "--raw-bits", "16"]
    command += ["--raw-rate", str(wav.rate), "--raw-chan", str(wav.channels), "-", "-"]
    encoded = _run(command, target.parent, given=_piece(source, wav.offset, size))
    part = target.with_name(target.name + ".part")
    try:
        _write(part, encoded)
        heard = decoded_seconds(part, wav.channels)
        if abs(heard - wav.seconds) > ENCODE_SLACK_SECONDS:
            raise EncodeFailed(f"the encoded file has {heard:.1f} s instead of {wav.seconds:.1f} s")
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _settle(target.parent)
    return Kept("opus", len(encoded), hashlib.sha256(encoded).hexdigest())


def keep_wav(source: Path, target: Path) -> Kept:
    """Copy as it is, checked. Raises EncodeFailed or DiskFull."""
    part = target.with_name(target.name + ".part")
    try:
        with _room(), source.open("rb") as given, part.open("wb") as taken:
            while chunk := given.read(CHUNK):
                taken.write(chunk)
            taken.flush()
            os.fsync(taken.fileno())
        if (digest := sha256(part)) != sha256(source):
            raise EncodeFailed("the copy differs from the source")
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _settle(target.parent)
    return Kept("wav", target.stat().st_size, digest)


def decoded_seconds(path: Path, channels: int) -> float:
    """The length of an Opus file by decoding all of it. Raises EncodeFailed."""
    rate, heard = 8000, 0
    command = ["opusdec", "--quiet", "--rate", str(rate), str(path), "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as decoder:
        assert decoder.stdout is not None
        while chunk := decoder.stdout.read(CHUNK):
            heard += len(chunk)
    if decoder.returncode != 0:
        raise EncodeFailed("the encoded file cannot be decoded")
    return heard / (rate * channels * 2)


def _write(path: Path, content: bytes) -> None:
    with _room(), path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    # The name must survive a power cut before the source is deleted.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _room:
    """Turns "no space left" into DiskFull."""

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(error.strerror or "no space left") from error


def _piece(path: Path, offset: int, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while size > 0 and (chunk := file.read(min(CHUNK, size))):
            size -= len(chunk)
            yield chunk


def _run(command: list[str], folder: Path, given: Iterable[bytes] = ()) -> bytes:
    """Run a tool; its standard output is the answer. Raises EncodeFailed, or DiskFull when that was the reason."""
    try:
        # Live calls come first: the tools take what processor time is left.
        tool = subprocess.Popen(
            ["nice", "-n", "10", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except FileNotFoundError as error:
        raise EncodeFailed(f"{error.filename} is not installed") from None
    assert tool.stdin and tool.stdout and tool.stderr
    feeder = threading.Thread(target=_feed, args=(tool.stdin, given), daemon=True)
    watchdog = threading.Timer(TOOL_SECONDS, tool.kill)
    feeder.start()
    watchdog.start()
    with tool:
        answer = tool.stdout.read()
        said = tool.stderr.read().decode(errors="replace").strip()[-300:]
        feeder.join()
    watchdog.cancel()
    if tool.returncode == 0:
        return answer
    if _is_full(folder):
        raise DiskFull("no space left")
    raise EncodeFailed(f"{command[0]} failed: {said or tool.returncode}; are sox and opus-tools installed?")


def _is_full(folder: Path) -> bool:
    left = os.statvfs(folder)
    return left.f_bavail * left.f_frsize < CHUNK


def _feed(pipe: IO[bytes], pieces: Iterable[bytes]) -> None:
    try:
        for piece in pieces:
            pipe.write(piece)
        pipe.close()
    except OSError:
        return  # the tool ended early; its exit code says why
