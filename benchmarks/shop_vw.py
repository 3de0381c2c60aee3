"""Vowpal Wabbit in the simulated shop: reads visits as lines of JSON, answers with what it shows.

Runs in its own environment, and knows what wager knows: account, segment, moment, the items with
category, tags and price, what was bought, and every outcome as soon as it is told. A choice that
brought nothing is learnt as such when its window has passed.
"""

import json
import random
import sys
from typing import Any

import vowpalwabbit


class Shop:
    def __init__(self, about: dict[str, Any], arguments: str) -> None:
        self.workspace = vowpalwabbit.Workspace(f"{arguments} --quiet")
        self.slots, self.window = about["slots"], about["window"]
        self.items = {one["itemId"]: one for one in about["items"]}
        self.owned: dict[str, set[str]] = {}
        self.waiting: dict[tuple[int, int], tuple[list[str], int, float]] = {}
        self.luck = random.Random(7)

    def visit(self, told: dict[str, Any]) -> list[str]:
        for step, slot, _ in told["outcomes"]:
            self._learn(self.waiting.pop((step, slot)), -1.0)
        now = told.get("round", 1 << 40)
        while self.waiting and now - next(iter(self.waiting))[0] >= self.window:
            self._learn(self.waiting.pop(next(iter(self.waiting))), 0.0)
        return [] if told["done"] else self._show(told)

    def _learn(self, shown: tuple[list[str], int, float], cost: float) -> None:
        lines, index, chance = shown
        labelled = list(lines)
        labelled[index + 1] = f"0:{cost}:{chance} {lines[index + 1]}"
        self.workspace.learn(labelled)

    def _show(self, told: dict[str, Any]) -> list[str]:
        for item in told["arrived"]:
            self.items[item["itemId"]] = item
        owned = self.owned.setdefault(told["account"], set())
        left = list(told["candidates"])
        shown: list[str] = []
        for slot in range(min(self.slots, len(left))):
            lines = [self._shared(told, slot), *(self._action(name, owned) for name in left)]
            odds = self.workspace.predict(lines)
            index = self.luck.choices(range(len(left)), odds)[0]
            chance = odds[index] / sum(odds)
            self.waiting[told["round"], slot] = (lines, index, chance)
            shown.append(left.pop(index))
        owned.update(told["bought"])
        return shown

    def _shared(self, told: dict[str, Any], slot: int) -> str:
        context = told["context"]
        gift = " gift" if context.get("gift") else ""
        weekend = "weekend" if told["weekend"] else "weekday"
        moment = f"part{told['partOfDay']} {weekend} {context['device']} slot{slot}{gift}"
        return f"shared |u {told['account']} |s {told['segment']} |m {moment}"

    def _action(self, name: str, owned: set[str]) -> str:
        item = self.items[name]
        has = " owned" if name in owned else ""
        about = f"{item['category']} {' '.join(item['tags'])} price{item['price']:.0f}{has}"
        return f"|i {name} |t {about}"


def main() -> None:
    shop: Shop | None = None
    for line in sys.stdin:
        told = json.loads(line)
        if shop is None:
            shop, answer = Shop(told, sys.argv[1]), []
        else:
            answer = shop.visit(told)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
