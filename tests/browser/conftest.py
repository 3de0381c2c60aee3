"""A server in a process of its own with a small shop, and Chromium that looks at its console."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.shop import SECRET, fill

SERVE = Path(__file__).with_name("serve.py")
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
SIZES = {"laptop": (1280, 800), "phone": (390, 844)}
