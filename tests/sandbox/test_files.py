"""Documents and photos: sent, shown, fetched."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from cctelegram.sandbox.picture import size_of
from cctelegram.sandbox.request import read

if TYPE_CHECKING:
    from starlette.types import Message

    from sandbox.conftest import Bot


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x40\x80\xc0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def test_a_document_is_sent_fetched_and_sent_again_by_its_id(bot: Bot) -> None:
    content = bytes(range(256)) * 40 + b"\r\n--tricky\r\n\r\n"
    caption = {"chat_id": str(bot.user_id), "caption": "*log*", "parse_mode": "MarkdownV2"}
    sent = bot.http.post(
        bot.sandbox.bot_url + "sendDocument",
        data=caption,
        files={"document": ("b\u00fcild.log", content, "text/plain")},
    ).json()["result"]
    assert (sent["caption"], sent["caption_entities"][0]["type"]) == ("log", "bold")
    document = sent["document"]
    assert (document["mime_type"], document["file_size"]) == ("text/plain", len(content))
    assert document["file_name"] == "b\u00fcild.log"
    path = bot.call("getFile", file_id=document["file_id"])["file_path"]
    assert bot.http.get(f"{bot.sandbox.api_base}/file/bot{bot.sandbox.token}/{path}").content == content
    assert bot.http.get(f"{bot.sandbox.api_base}/file/botx/{path}").status_code == 401
    assert bot.http.get(f"{bot.sandbox.api_base}/file/bot{bot.sandbox.token}/x").status_code == 404
    again = bot.call("sendDocument", chat_id=bot.user_id, document=document["file_id"])
    assert again["document"] == document
    page = bot.http.get(f"{bot.sandbox.page}file/{document['file_id']}")
    assert (page.content, page.headers["content-disposition"]) == (content, "attachment")


def test_a_photo_has_its_size_and_a_file_that_is_not_a_picture_is_refused(bot: Bot) -> None:
    def send(content: bytes) -> dict[str, object]:
        found: dict[str, object] = bot.http.post(
            bot.sandbox.bot_url + "sendPhoto",
            data={"chat_id": str(bot.user_id), "photo": "attach://it"},
            files={"it": ("a.png", content, "image/png")},
        ).json()
        return found

    sent = send(png(40, 30))
    assert sent["ok"], sent
    seen = bot.control.messages()[-1]["photo"][0]
    assert (seen["width"], seen["height"]) == (40, 30)
    assert send(b"no picture")["description"] == "Bad Request: IMAGE_PROCESS_FAILED"
    assert send(b"")["description"] == "Bad Request: file must be non-empty"
    assert send(png(100, 1))["description"] == "Bad Request: PHOTO_INVALID_DIMENSIONS"


def test_sizes_are_read_from_each_kind_of_picture() -> None:
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x1e\x00\x28\x01\x00\x00"
    assert size_of(jpeg) == (40, 30)
    assert size_of(b"GIF89a\x28\x00\x1e\x00") == (40, 30)
    assert size_of(b"\xff\xd8\xff") is None


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300), st.text(max_size=50))
def test_every_byte_of_a_multipart_body_arrives(content: bytes, text: str) -> None:
    import asyncio

    text = text.replace("\r", "").replace("\n", "")
    boundary = "----b7f3a6"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="caption"\r\n\r\n{text}\r\n--{boundary}\r\n'
    head += 'Content-Disposition: form-data; name="document"; filename="x"\r\nContent-Type: a/b\r\n\r\n'
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    kind = f"multipart/form-data; boundary={boundary}".encode()
    scope = {
        "type": "http", "method": "POST", "path": "/", "query_string": b"",
        "headers": [(b"content-type", kind)],
        "scheme": "http", "server": ("127.0.0.1", 1),
    }  # fmt: skip
    given_ = asyncio.run(read(Request(scope, receive)))
    assert given_.values == {"caption": text}
    assert given_.uploads["document"].content == content
