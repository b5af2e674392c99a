"""The X-Ray SDK's sampler. Arguments: requests a second, paths."""

import sys

from aws_xray_sdk.core import xray_recorder

import pace


def decide(path: str) -> bool:
    asked = {"service": "shop", "host": "shop.test", "method": "GET", "path": path}
    return bool(xray_recorder.sampler.should_trace(asked))


pace.run(sys.argv[2:], int(sys.argv[1]), decide)
