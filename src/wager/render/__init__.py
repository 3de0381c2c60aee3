"""Rendering: what a channel needs of an item, with words merged in and never a raw null."""

from wager.render.merge import Merged, check, merge
from wager.render.renditions import Rendered, content

__all__ = ["Merged", "Rendered", "check", "content", "merge"]
