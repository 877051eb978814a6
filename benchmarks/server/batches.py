"""Files and batches, as far as a client of the batch endpoint sees them: upload, create, look, download both files."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from benchmarks.server.answer import Answerer, Reply, error


def parts_of(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts of a multipart form, by name."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts: dict[str, bytes] = {}
    for part in message.iter_parts():
        payload = part.get_payload(decode=True)
        parts[str(part.get_param("name", header="content-disposition"))] = payload if isinstance(payload, bytes) else b""
    return parts


class BatchDesk:
    """Takes batches and finishes each when it is looked at for the second time; ``lost`` custom ids come back in no file."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.expired: set[str] = set()
        self.lost: set[str] = set()
        self.fail_next = ""

    def upload(self, content_type: str, body: bytes) -> Reply:
        """Keep a file."""
        return _ok(self._file(parts_of(content_type, body)["file"]))

    def content(self, identity: str) -> Reply:
        """A file as it was kept."""
        return Reply(200, self.files[identity]) if identity in self.files else error(404, f"No such file: {identity}")

    def create(self, body: dict[str, Any]) -> Reply:
        """Take a batch; it is worked on later."""
        if body["input_file_id"] not in self.files:
            return error(400, "No such file.")
        identity = f"batch_{len(self.batches) + 1}"
        failed = {"errors": {"object": "list", "data": [{"message": self.fail_next, "code": "invalid_file"}]}} if self.fail_next else {}
        status, self.fail_next = "failed" if failed else "validating", ""
        self.batches[identity] = {
            "id": identity, "object": "batch", "endpoint": body["endpoint"], "input_file_id": body["input_file_id"],
            "completion_window": body["completion_window"], "status": status, "created_at": 1, "metadata": body.get("metadata"),
        } | failed  # fmt: skip
        return _ok(self.batches[identity])

    def look(self, identity: str) -> Reply:
        """How a batch stands; each look moves it on."""
        batch = self.batches.get(identity)
        if batch is None:
            return error(404, f"No such batch: {identity}")
        if batch["status"] == "in_progress":
            self._work(batch)
        elif batch["status"] == "validating":
            batch["status"] = "in_progress"
        return _ok(batch)

    def listing(self) -> Reply:
        """All batches, newest first."""
        data = list(reversed(self.batches.values()))
        return _ok({"object": "list", "data": data, "has_more": False, "first_id": None, "last_id": None})

    def _work(self, batch: dict[str, Any]) -> None:
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for line in self._lines(batch):
            custom = line["custom_id"]
            if custom in self.lost:
                continue
            if custom in self.expired:
                bad.append({"custom_id": custom, "response": None, "error": {"code": "batch_expired", "message": "Not done in time."}})
                continue
            reply = self._answerer.answer(line["body"], None, time.monotonic(), batch=True)
            if reply.status is None:
                bad.append({"custom_id": custom, "response": None, "error": {"code": "server_error", "message": "Lost."}})
                continue
            try:
                body = json.loads(reply.body)
            except ValueError:
                body = {"choices": []}
            row = {"custom_id": custom, "response": {"status_code": reply.status, "request_id": "r", "body": body}, "error": None}
            (good if reply.status == 200 else bad).append(row)
        batch["status"] = "completed"
        batch["output_file_id"] = self._file(_jsonl(good))["id"] if good else None
        batch["error_file_id"] = self._file(_jsonl(bad))["id"] if bad else None

    def _lines(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for line in self.files[batch["input_file_id"]].decode().splitlines():
            yield json.loads(line)

    def _file(self, data: bytes) -> dict[str, Any]:
        identity = f"file-{len(self.files) + 1}"
        self.files[identity] = data
        return {
            "id": identity, "object": "file", "bytes": len(data), "created_at": 1, "filename": "batch.jsonl", "purpose": "batch",
            "status": "processed",
        }  # fmt: skip


def _jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode()


def _ok(data: dict[str, Any]) -> Reply:
    return Reply(200, json.dumps(data).encode())
