"""Documents and photos: upload, storage in memory, download."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from cctelegram.sandbox.entities import formatted
from cctelegram.sandbox.methods.addressed import replied, threaded, writable
from cctelegram.sandbox.methods.messages import finished
from cctelegram.sandbox.picture import size_of
from cctelegram.sandbox.refused import Refused, bad
from cctelegram.sandbox.state import State, StoredFile

if TYPE_CHECKING:
    from cctelegram.sandbox.methods.kind import Parameters
    from cctelegram.sandbox.parameters import Upload

UPLOAD_LIMIT = 50 << 20
PHOTO_LIMIT = 10 << 20
DOWNLOAD_LIMIT = 20 << 20


async def send_document(state: State, params: Parameters) -> dict[str, Any]:
    """Post a file of up to 50 MB, uploaded or known by its `file_id`; return the `Message`."""
    caption = _captioned(state, params)
    stored = _stored(state, params["document"], "documents", UPLOAD_LIMIT)
    document = {
        "file_name": stored.name,
        "mime_type": stored.content_type,
        "file_id": stored.file_id,
        "file_unique_id": stored.unique_id,
        "file_size": len(stored.content),
    }
    return finished(state, params, caption | {"document": document})


async def send_photo(state: State, params: Parameters) -> dict[str, Any]:
    """Post a picture of up to 10 MB; return the `Message`. Telegram's smaller sizes are not produced."""
    caption = _captioned(state, params)
    stored = _stored(state, params["photo"], "photos", PHOTO_LIMIT)
    size = size_of(stored.content)
    if size is None:
        raise bad("IMAGE_PROCESS_FAILED")
    stored.width, stored.height = size
    if sum(size) > 10_000 or max(size) > 20 * min(size):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    photo = {
        "file_id": stored.file_id,
        "file_unique_id": stored.unique_id,
        "file_size": len(stored.content),
        "width": stored.width,
        "height": stored.height,
    }
    content: dict[str, Any] = {"photo": [photo]}
    if params.get("has_spoiler"):
        content["has_media_spoiler"] = True
    if params.get("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return finished(state, params, caption | content)


async def get_file(state: State, params: Parameters) -> dict[str, Any]:
    """Return the `File` with its download path."""
    stored = state.files.get(params["file_id"])
    if stored is None:
        raise bad("wrong file_id or the file is temporarily unavailable")
    if len(stored.content) > DOWNLOAD_LIMIT:
        raise bad("file is too big")
    return {
        "file_id": stored.file_id,
        "file_unique_id": stored.unique_id,
        "file_size": len(stored.content),
        "file_path": stored.path,
    }


def _captioned(state: State, params: Parameters) -> dict[str, Any]:
    chat = writable(state, params)
    content: dict[str, Any] = threaded(chat, params) | replied(state, chat, params)
    text, entities = formatted(
        params.get("caption", ""), params.get("caption_entities"), params.get("parse_mode"), caption=True
    )
    if text:
        content["caption"] = text
    if entities:
        content["caption_entities"] = entities
    return content


def _stored(state: State, file: Upload | str, folder: str, limit: int) -> StoredFile:
    if isinstance(file, str):
        return _known(state, file)
    if not file.content:
        raise bad("file must be non-empty")
    if len(file.content) > limit:
        raise Refused(413, "Request Entity Too Large")
    number = len(state.files)
    ending = file.name.rpartition(".")[2] if "." in file.name else "bin"
    stored = StoredFile(
        file_id=f"BQACAgIAAx{secrets.token_urlsafe(24)}",
        unique_id=f"AgAD{secrets.token_urlsafe(8)}",
        path=f"{folder}/file_{number}.{ending if ending.isalnum() else 'bin'}",
        name=file.name,
        content_type=file.content_type,
        content=file.content,
    )
    state.files[stored.file_id] = stored
    return stored


def _known(state: State, wanted: str) -> StoredFile:
    if wanted in state.files:
        return state.files[wanted]
    if wanted.startswith(("http://", "https://")):
        # No request leaves this machine; Telegram answers so for an address it cannot reach.
        raise bad("failed to get HTTP URL content")
    raise bad("wrong file identifier/HTTP URL specified")
