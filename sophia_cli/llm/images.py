"""Images in a prompt: a file, bytes, or a URL as the part of a message that OpenAI's chat format has for it."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sophia_cli.llm.errors import LLMError

Image = str | bytes | os.PathLike[str]

# What every vendor takes, by the first bytes of the file.
_KINDS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)
_ALLOWED = "allowed: png, jpeg, gif or webp as a path, bytes, an https: URL or a data: URL"
_DATA_URL = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def with_images(
    messages: Sequence[Mapping[str, Any]], images: Sequence[Image]
) -> list[Mapping[str, Any]]:
    """The messages with the images at the end of the user's last one.

    Raises LLMError for what is no image.
    """
    if isinstance(images, str | bytes | os.PathLike):
        images = [images]
    parts = [part_of(image) for image in images]
    found = list(messages)
    last = next((at for at in reversed(range(len(found))) if found[at].get("role") == "user"), None)
    if last is None:
        return [*found, {"role": "user", "content": parts}]
    content = found[last].get("content") or []
    texts = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
    found[last] = {**found[last], "content": [*texts, *parts]}
    return found


def part_of(image: Image) -> dict[str, Any]:
    """One image as a part of a message's content."""
    return {"type": "image_url", "image_url": {"url": _url_of(image)}}


def _url_of(image: Image) -> str:
    if isinstance(image, bytes | bytearray | memoryview):
        return _data_url(bytes(image), f"{len(image)} bytes")
    if isinstance(image, str) and image.startswith("https://"):
        return image
    if isinstance(image, str) and image.startswith("data:"):
        if not _DATA_URL.fullmatch(image):
            raise LLMError(f"the data: URL {image[:40]!r} is no image", _ALLOWED)
        return image
    # A drive's letter is no scheme.
    if isinstance(image, str) and _SCHEME.match(image) and "//" in image[:12]:
        raise LLMError(f"an image cannot be at {image[:60]!r}", _ALLOWED)
    if not isinstance(image, str | os.PathLike):
        raise LLMError(f"an image cannot be {type(image).__name__}", _ALLOWED)
    return _data_url(_read(Path(image)), str(image))


def _read(path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise LLMError(f"the image {path} cannot be read: {reason}", _ALLOWED) from error


def _data_url(data: bytes, name: str) -> str:
    kind = next((kind for pattern, kind in _KINDS if pattern.match(data)), "")
    if not kind:
        raise LLMError(f"{name} is no image that models take", _ALLOWED)
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
