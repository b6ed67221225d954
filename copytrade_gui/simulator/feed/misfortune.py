"""What a broken message looks like."""

import msgspec

from copytrade_gui.simulator.faults import Fault

_NEEDED = ("brokerOrderId", "exchangeTradeId")


def garbled(payload: bytes, fault: Fault) -> bytes:
    """A message as a faulty broker sends it; `missing` leaves out what names order and trade."""
    match fault.form:
        case "empty":
            return b""
        case "null":
            return b"null"
        case "number":
            return b"42"
        case "list":
            return b"[1,2,3]"
        case "short" | "broken":
            return payload[: len(payload) // 2]
        case "huge":
            return payload[:-1] + b',"padding":"' + b"x" * fault.size + b'"}'
        case "missing" if payload[:1] == b"{":
            content = msgspec.json.decode(payload, type=dict[str, str])
            return msgspec.json.encode({k: v for k, v in content.items() if k not in _NEEDED})
        case _:
            return fault.text.encode() or b"upstream error"
